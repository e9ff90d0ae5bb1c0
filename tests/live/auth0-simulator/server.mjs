// Auth0, imitated by npm `@simulacrum/auth0-simulator`, on a free port of loopback.
//
// Its issuer is the host of the request. It supports https only, with the certificate `localhost.pem` and the key
// `localhost-key.pem` in $HOME/.simulacrum/certs. Prints one line when it is ready:
//   {"port":40123}
//
// `alice@example.test` / `password` signs in at any client. Any machine gets a token.

import { createRequire } from 'node:module';

// In 0.11.4 its ES modules cannot sign (`jwt.sign is not a function`).
const { simulation } = createRequire(import.meta.url)('@simulacrum/auth0-simulator');

const alice = { id: 'auth0|alice', name: 'Alice', email: 'alice@example.test', password: 'password' };
const app = simulation({
  initialState: { users: [alice] },
  options: { scope: 'openid email reports:read', clientID: 'web', audience: 'https://api.example.test' },
});
const { port } = await app.listen(0, '127.0.0.1');
console.log(JSON.stringify({ port }));
process.on('SIGTERM', () => process.exit(0));
