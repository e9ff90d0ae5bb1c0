// Google, Microsoft and Okta, imitated by npm `emulate`, with their production names, on free ports of loopback.
//
// Prints one line when all are ready:
//   {"google":40123,"microsoft":40124,"okta":40125}
//
// Each has the user alice and the clients `web` / `web-secret` and `other` / `other-secret`. Microsoft also has a user of
// another tenant. Access tokens are opaque, and ID tokens are signed.

import http from 'node:http';

import { createEmulator } from 'emulate';

const TENANT = '11111111-2222-3333-4444-555555555555';
const OTHER_TENANT = '99999999-8888-7777-6666-555555555555';
const REDIRECT = 'http://127.0.0.1/callback';

// The emulator would listen on every interface, and does not report its port. It must stay on this machine.
const listen = http.Server.prototype.listen;
let listening;
http.Server.prototype.listen = function (port) {
  const server = this;
  listening = new Promise((resolve, reject) => {
    server.once('listening', () => resolve(server.address().port)).once('error', reject);
  });
  return listen.call(server, port, '127.0.0.1');
};

function clients(settings) {
  return ['web', 'other'].map((name) => ({
    client_id: name,
    client_secret: `${name}-secret`,
    name,
    redirect_uris: [REDIRECT],
    ...settings,
  }));
}

const SEEDS = {
  google: {
    baseUrl: 'https://accounts.google.com',
    users: [
      { email: 'alice@example.test', name: 'Alice', hd: 'example.test' },
      { email: 'mallory@other.test', name: 'Mallory', hd: 'other.test' },
      { email: 'carol@gmail.com', name: 'Carol' },
    ],
    oauth_clients: clients(),
  },
  microsoft: {
    baseUrl: 'https://login.microsoftonline.com',
    users: [
      { email: 'alice@example.test', name: 'Alice', tenant_id: TENANT },
      { email: 'mallory@other.test', name: 'Mallory', tenant_id: OTHER_TENANT },
    ],
    oauth_clients: clients({ tenant_id: TENANT }),
  },
  okta: {
    baseUrl: 'https://dev-123456.okta.com',
    users: [{ login: 'alice@example.test', email: 'alice@example.test', first_name: 'Alice', last_name: 'A' }],
    authorization_servers: ['default', 'other'].map((id) => ({ id, name: id, audiences: [`api://${id}`] })),
    // The server `other` has no list of clients, and accepts any.
    oauth_clients: clients({ auth_server_id: 'default', grant_types: ['authorization_code'] }),
  },
};

const ports = {};
for (const [service, seed] of Object.entries(SEEDS)) {
  await createEmulator({ service, port: 0, seed: { [service]: seed } });
  ports[service] = await listening;
}
console.log(JSON.stringify(ports));
process.on('SIGTERM', () => process.exit(0));
