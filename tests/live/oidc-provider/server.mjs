// A real OpenID provider (npm `oidc-provider`) on loopback: one issuer, and six signing keys that all starts share.
//
// Listens on PORT, or on a free port, and prints one line when it is ready:
//   {"issuer":"http://127.0.0.1:40123","pid":4711}
//
// Tokens
//   client `svc` / `svc-secret`   client_credentials
//   client `web` (public)         code + PKCE; any name can log in, `alice` is in the group admin
//   client `swagger` (public)     the same, for Swagger UI at /docs of any loopback port
//   resource=https://NAME         requests a JWT access token (at+jwt) with `aud` https://NAME;
//                                 in its query: alg=ES256, ttl=SECONDS, format=opaque
//   no resource                   an opaque access token
//
// Administration
//   POST /__admin/rotate?alg=RS256          a new signing key; the old one remains published
//   POST /__admin/rotate?alg=RS256&keep=0   the same, without the old one
//   GET /__admin/key-fetches                the number of key set fetches

import crypto from 'node:crypto';
import http from 'node:http';

import Provider from 'oidc-provider';

import { keptKey } from './kept_keys.mjs';

const HOST = '127.0.0.1';
const SCOPES = ['reports:read', 'reports:write'];
const USERS = {
  alice: { groups: ['admin'], email: 'alice@example.test' },
  bob: { groups: ['manager'], email: 'bob@example.test' },
};

// Functions that create a key pair for each JWS algorithm. ID tokens are signed with RS256.
const KEY_PAIRS = {
  RS256: ['rsa', { modulusLength: 2048 }],
  PS256: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  ES384: ['ec', { namedCurve: 'P-384' }],
  ES512: ['ec', { namedCurve: 'P-521' }],
  EdDSA: ['ed25519'],
};

function signingKey(alg) {
  const { privateKey } = crypto.generateKeyPairSync(...KEY_PAIRS[alg]);
  const kid = `${alg}-${crypto.randomBytes(6).toString('hex')}`;
  return { ...privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
}

// The options of a resource, from the query of the resource indicator (RFC 8707 allows one).
function resourceServer(ctx, indicator) {
  const url = new URL(indicator);
  return {
    audience: url.origin,
    scope: SCOPES.join(' '),
    accessTokenTTL: Number(url.searchParams.get('ttl') ?? 300),
    accessTokenFormat: url.searchParams.get('format') ?? 'jwt',
    jwt: { sign: { alg: url.searchParams.get('alg') ?? 'RS256' } },
  };
}

function account(ctx, name) {
  return { accountId: name, claims: () => ({ sub: name, ...USERS[name] }) };
}

function openIdProvider(issuer, keys) {
  const ttl = (ctx, token) => token.resourceServer?.accessTokenTTL ?? 300;
  const provider = new Provider(issuer, {
    jwks: { keys },
    cookies: { keys: [crypto.randomBytes(16).toString('hex')] },
    scopes: ['openid', ...SCOPES],
    // The ID token has the groups as well, so it must be rejected for its kind and not for missing groups.
    claims: { openid: ['sub', 'groups'], email: ['email'] },
    conformIdTokenClaims: false,
    findAccount: account,
    extraTokenClaims: (ctx, token) => token.accountId && { groups: USERS[token.accountId]?.groups ?? [] },
    clientBasedCORS: () => true, // Swagger UI exchanges its code from another origin
    ttl: { AccessToken: ttl, ClientCredentials: ttl, IdToken: 300, Interaction: 300, Session: 300, Grant: 300 },
    clients: [
      {
        client_id: 'svc',
        client_secret: 'svc-secret',
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
      },
      {
        client_id: 'web',
        token_endpoint_auth_method: 'none',
        application_type: 'native', // lets an http redirect to loopback through
        redirect_uris: [`http://${HOST}/callback`],
      },
      {
        client_id: 'swagger',
        token_endpoint_auth_method: 'none',
        application_type: 'native', // on loopback any port will do (RFC 8252 section 7.3)
        redirect_uris: [`http://${HOST}/docs/oauth2-redirect.html`],
        scope: ['openid', ...SCOPES].join(' '),
      },
    ],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: resourceServer,
        useGrantedResource: () => true, // the code is exchanged for the resource that the user agreed to
      },
    },
  });
  provider.on('server_error', (ctx, error) => console.error('server_error', error));
  provider.on('grant.error', (ctx, error) => console.error('grant.error', error.error, error.error_detail));
  return provider.callback();
}

const server = http.createServer((request, response) => {
  const url = new URL(request.url, issuer);
  if (request.method === 'POST' && url.pathname === '/__admin/rotate') {
    rotate(url.searchParams, response);
  } else if (url.pathname === '/__admin/key-fetches') {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(keyFetches));
  } else {
    if (url.pathname === '/jwks') keyFetches += 1;
    handle(request, response);
  }
});

// The provider reads its keys once, so a rotation replaces the provider.
function rotate(query, response) {
  const alg = query.get('alg') ?? 'RS256';
  if (!(alg in KEY_PAIRS)) {
    response.writeHead(400).end();
    return;
  }
  const kept = query.get('keep') === '0' ? keys.filter((key) => key.alg !== alg) : keys;
  keys = [signingKey(alg), ...kept]; // the first key of an algorithm signs
  handle = openIdProvider(issuer, keys);
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ signs: keys[0].kid, published: keys.map((key) => key.kid) }));
}

let issuer;
let keys = Object.keys(KEY_PAIRS).map((alg) => keptKey(alg, () => signingKey(alg)));
let handle;
let keyFetches = 0;

// The server listens first, since the issuer's name contains the port.
server.listen(Number(process.env.PORT ?? 0), HOST, () => {
  issuer = `http://${HOST}:${server.address().port}`;
  handle = openIdProvider(issuer, keys);
  console.log(JSON.stringify({ issuer, pid: process.pid }));
});
process.on('SIGTERM', () => process.exit(0));
