// Auth0 as npm `@simulacrum/auth0-simulator` plays it, on a free port of loopback.
//
// Its issuer is whatever host it is asked by. It speaks https only, with the certificate and key that lie as
// `localhost.pem` and `localhost-key.pem` in $HOME/.simulacrum/certs. Prints one line when it is ready:
//   {"port":40123}
//
// `alice@example.test` / `password` signs in at any client; any machine gets a token.

import { createRequire } from 'node:module';

// Its ES modules cannot sign in 0.11.4 (`jwt.sign is not a function`).
const { simulation } = createRequire(import.meta.url)('@simulacrum/auth0-simulator');

const alice = { id: 'auth0|alice', name: 'Alice', email: 'alice@example.test', password: 'password' };
const app = simulation({
  initialState: { users: [alice] },
  options: { scope: 'openid email reports:read', clientID: 'web', audience: 'https://api.example.test' },
});
const { port } = await app.listen(0, '127.0.0.1');
console.log(JSON.stringify({ port }));
process.on('SIGTERM', () => process.exit(0));
