// Imitations of hosted providers with a real OpenID provider (npm `oidc-provider`): their production issuer names, key
// locations and tokens. Each imitation cites its source.
//
// Listens on a free port of loopback and prints one line when it is ready: {"port":40123}
// A proxy terminates TLS, and passes the requested host on.
//
// At each issuer
//   client `svc` / `svc-secret`           client_credentials
//   clients `web` and `other` (public)    code + PKCE; any name can log in, `alice` is in the group admin
//   resource=URI                          requests a JWT access token with `aud` URI

import crypto from 'node:crypto';
import http from 'node:http';

import Provider from 'oidc-provider';

import { keptKey } from './kept_keys.mjs';

const SCOPES = ['reports:read', 'reports:write'];
const TENANT = '11111111-2222-3333-4444-555555555555';
const OTHER_TENANT = '99999999-8888-7777-6666-555555555555';
const GROUPS = { alice: ['admin'] };

function keyPair() {
  return crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
}

// Keycloak publishes one in addition to the signing keys.
const ENCRYPTION_KEY = keptKey('keycloak-encryption', () => ({
  ...keyPair().publicKey.export({ format: 'jwk' }),
  kid: 'enc',
  alg: 'RSA-OAEP',
  use: 'enc',
}));

function without(payload, ...names) {
  for (const name of names) delete payload[name];
}

// The provider requires an audience until the token is written.
function withoutAudience(payload) {
  payload.aud = { toJSON: () => undefined };
}

// --- One function for each provider: its documents and its tokens.
//
//   issuer       the `iss`
//   at           the location of discovery document and endpoints; the issuer unless set
//   keys         the locations of its keys; the discovery document names the first
//   family       issuers of one family sign with the same keys
//   publish      changes of a published key
//   extraKeys    further public keys of the set
//   typ          the `typ` of access tokens; none unless set
//   access       changes the claims of an access token of a user, or of a machine without user
//   user         the claims of a user's ID token
//   clients      further public clients

// https://www.keycloak.org/docs/latest/server_admin/#_oidc_token_mappings; a claim `typ` tells access from ID tokens.
function keycloak(realm, changeAccess = () => {}) {
  const issuer = `https://keycloak.example.test/realms/${realm}`;
  return {
    issuer,
    keys: [`${issuer}/protocol/openid-connect/certs`],
    family: realm,
    extraKeys: [ENCRYPTION_KEY],
    typ: 'JWT',
    access(payload, user) {
      const client = payload.client_id;
      Object.assign(payload, {
        typ: 'Bearer',
        azp: client,
        preferred_username: user ?? `service-account-${client}`,
        realm_access: { roles: ['offline_access', 'user'] },
        resource_access: { 'reports-api': { roles: ['editor'] }, account: { roles: ['view-profile'] } },
        groups: (GROUPS[user] ?? []).map((group) => `/${group}`), // by the mapper's usual setting
      });
      if (user) without(payload, 'client_id');
      else Object.assign(payload, { clientHost: '127.0.0.1', clientAddress: '127.0.0.1' });
      changeAccess(payload);
    },
    user: (name) => ({ typ: 'ID', azp: 'web', preferred_username: name, email: `${name}@example.test` }),
  };
}

// https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
function entraClaims(payload, user, version, tenant) {
  const client = payload.client_id;
  // The audience of a version 2.0 token is the API's client id, for any name in the request.
  if (version === '2.0') payload.aud = payload.aud.replace(/^api:\/\//, '');
  Object.assign(payload, { tid: tenant, ver: version, oid: user ? entraObject(user) : payload.sub });
  Object.assign(payload, version === '2.0' ? { azp: client, azpacr: '1' } : { appid: client, appidacr: '1' });
  if (user) {
    Object.assign(payload, { scp: payload.scope, groups: GROUPS[user] ?? [], roles: ['Reports.Editor'] });
    payload[version === '2.0' ? 'preferred_username' : 'upn'] = `${user}@example.test`;
  } else {
    Object.assign(payload, { roles: ['Reports.Read.All'], idtyp: 'app' });
  }
  without(payload, 'scope', 'client_id');
}

function entraObject(user) {
  return `00000000-0000-0000-0000-${Buffer.from(user).toString('hex').padStart(12, '0')}`;
}

// Keys have no `alg`, but the issuer that may use them, and a certificate.
function entraKey(key, issuer) {
  const { alg, ...published } = key;
  return { ...published, x5t: key.kid, x5c: ['MIIC'], issuer };
}

// The document for applications with many tenants, which belongs to no tenant.
const COMMON = {
  issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0',
  jwks_uri: 'https://login.microsoftonline.com/common/discovery/v2.0/keys',
};
const COMMON_AT = 'login.microsoftonline.com/common/v2.0/.well-known/openid-configuration';

function entraV2(tenant) {
  const base = `https://login.microsoftonline.com/${tenant}`;
  return {
    issuer: `${base}/v2.0`,
    keys: [`${base}/discovery/v2.0/keys`, COMMON.jwks_uri],
    family: 'entra',
    publish: (key) => entraKey(key, COMMON.issuer),
    typ: 'JWT',
    access: (payload, user) => entraClaims(payload, user, '2.0', tenant),
    user: (name) => ({ tid: tenant, ver: '2.0', oid: entraObject(name), preferred_username: `${name}@example.test` }),
  };
}

function entraV1(tenant) {
  return {
    issuer: `https://sts.windows.net/${tenant}/`,
    at: `https://login.microsoftonline.com/${tenant}`,
    keys: ['https://login.microsoftonline.com/common/discovery/keys'],
    family: 'entra',
    publish: (key) => entraKey(key, undefined),
    typ: 'JWT',
    access: (payload, user) => entraClaims(payload, user, '1.0', tenant),
    user: (name) => ({ tid: tenant, ver: '1.0', oid: entraObject(name), upn: `${name}@example.test` }),
  };
}

// https://developer.okta.com/docs/api/openapi/okta-oauth/guides/overview/ (reserved claims): `scp` is an array.
function okta(server) {
  const issuer = `https://dev-123456.okta.com/oauth2/${server}`;
  return {
    issuer,
    keys: [`${issuer}/v1/keys`],
    family: server,
    access(payload, user) {
      Object.assign(payload, { ver: 1, cid: payload.client_id, scp: (payload.scope ?? '').split(' ') });
      payload.jti = `AT.${payload.jti}`;
      if (user) Object.assign(payload, { uid: user, sub: `${user}@example.test`, groups: GROUPS[user] ?? [] });
      without(payload, 'scope', 'client_id');
    },
    user: (name) => ({ ver: 1, idp: '00o1', preferred_username: `${name}@example.test`, amr: ['pwd'] }),
  };
}

// https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles: Auth0's own, and that of RFC 9068.
function auth0() {
  const issuer = 'https://tenant.eu.auth0.com/';
  return {
    issuer,
    keys: [`${issuer}.well-known/jwks.json`],
    family: 'auth0',
    typ: 'JWT',
    access(payload, user) {
      Object.assign(payload, { azp: payload.client_id, permissions: user ? ['edit:reports'] : ['list:reports'] });
      if (user) payload.aud = [payload.aud, `${issuer}userinfo`];
      else Object.assign(payload, { sub: `${payload.client_id}@clients`, gty: 'client-credentials' });
      without(payload, 'client_id', 'jti');
    },
    user: (name) => ({ nickname: name, email: `${name}@example.test`, email_verified: true }),
  };
}

// https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
function cognito(pool) {
  const issuer = `https://cognito-idp.us-east-1.amazonaws.com/${pool}`;
  return {
    issuer,
    keys: [`${issuer}/.well-known/jwks.json`],
    family: pool,
    access(payload, user) {
      Object.assign(payload, { token_use: 'access', version: 2 });
      if (user) Object.assign(payload, { username: user, 'cognito:groups': GROUPS[user] ?? [] });
      withoutAudience(payload);
    },
    user: (name) => ({ token_use: 'id', 'cognito:username': name, 'cognito:groups': GROUPS[name] ?? [] }),
  };
}

// https://firebase.google.com/docs/auth/admin/verify-id-tokens: ID tokens for the project; its keys are all projects'.
function firebase(project) {
  return {
    issuer: `https://securetoken.google.com/${project}`,
    keys: ['https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com'],
    family: 'firebase',
    clients: [project],
    user: firebaseUser,
  };
}

// https://firebase.google.com/docs/auth/admin/manage-cookies: the same claims, from another issuer with other keys.
function firebaseCookies(project) {
  return {
    issuer: `https://session.firebase.google.com/${project}`,
    keys: ['https://identitytoolkit.googleapis.com/v1/sessionCookiePublicKeys'],
    family: 'firebase-cookies',
    clients: [project],
    user: firebaseUser,
  };
}

function firebaseUser(name) {
  return {
    user_id: name,
    email: `${name}@example.test`,
    email_verified: true,
    groups: GROUPS[name] ?? [], // a custom claim
    firebase: { identities: { email: [`${name}@example.test`] }, sign_in_provider: 'password' },
  };
}

// Not a provider: invalid contents of a discovery document.
function misleading(name, jwksUri) {
  return {
    issuer: `https://op.example.test/${name}`,
    keys: [jwksUri],
    family: 'op',
    user: () => ({}),
  };
}

const SHAPES = [
  keycloak('main'),
  keycloak('other'),
  // Before version 25, and since then by a mapper: access tokens have the nonce too.
  keycloak('old', (payload) => Object.assign(payload, { nonce: 'n' })),
  // Without an audience mapper: for an API of which the user has no role.
  keycloak('unmapped', withoutAudience),
  entraV2(TENANT),
  entraV2(OTHER_TENANT),
  entraV1(TENANT),
  entraV1(OTHER_TENANT),
  okta('default'),
  okta('other'),
  auth0(),
  cognito('us-east-1_Shape0001'),
  cognito('us-east-1_Shape0002'),
  firebase('demo-project'),
  firebase('other-project'),
  firebaseCookies('demo-project'),
  misleading('honest', 'https://op.example.test/honest/jwks'),
  misleading('http', 'http://op.example.test/honest/jwks'),
  misleading('http-on-loopback', 'http://127.0.0.1/honest/jwks'),
  misleading('loopback', 'https://127.0.0.1/honest/jwks'),
];

// --- Common parts.

function signingKey(family) {
  const kid = `${family}-${crypto.randomBytes(6).toString('hex')}`;
  return { ...keyPair().privateKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' };
}

function publicClient(name) {
  return {
    client_id: name,
    token_endpoint_auth_method: 'none',
    application_type: 'native', // lets an http redirect to loopback through
    redirect_uris: ['http://127.0.0.1/callback'],
    require_auth_time: true,
  };
}

function openIdProvider(shape, keys) {
  const provider = new Provider(shape.issuer, {
    jwks: { keys },
    cookies: { keys: [crypto.randomBytes(16).toString('hex')] },
    scopes: ['openid', ...SCOPES],
    claims: { openid: ['sub', 'groups', ...Object.keys(shape.user('nobody'))] },
    conformIdTokenClaims: false,
    findAccount: (ctx, name) => ({ accountId: name, claims: () => ({ sub: name, ...shape.user(name) }) }),
    formats: {
      customizers: {
        jwt(ctx, token, parts) {
          shape.access?.(parts.payload, token.accountId);
          parts.header = { typ: shape.typ };
        },
      },
    },
    ttl: { AccessToken: 300, ClientCredentials: 300, IdToken: 300, Interaction: 300, Session: 300, Grant: 300 },
    clients: [
      {
        client_id: 'svc',
        client_secret: 'svc-secret',
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
      },
      ...['web', 'other', ...(shape.clients ?? [])].map(publicClient),
    ],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (ctx, indicator) => ({
          audience: indicator,
          scope: SCOPES.join(' '),
          accessTokenTTL: 300,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
        useGrantedResource: () => true,
      },
    },
  });
  provider.proxy = true;
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.oidc?.route === 'discovery') {
      [ctx.body.jwks_uri] = shape.keys;
    } else if (ctx.oidc?.route === 'jwks') {
      const published = ctx.body.keys.map((key) => shape.publish?.(key) ?? key);
      ctx.body = { keys: [...(shape.extraKeys ?? []), ...published] };
    }
  });
  provider.on('server_error', (ctx, error) => console.error('server_error', error));
  provider.on('grant.error', (ctx, error) => console.error('grant.error', error.error, error.error_detail));
  return provider.callback();
}

const families = {};
const mounts = SHAPES.map((shape) => {
  const key = (families[shape.family] ??= keptKey(`shape-${shape.family}`, () => signingKey(shape.family)));
  const { host, pathname } = new URL(shape.at ?? shape.issuer);
  const keys = shape.keys.map((url) => url.replace('https://', ''));
  return { host, path: pathname.replace(/\/$/, ''), keys, handle: openIdProvider(shape, [key]) };
});
mounts.sort((a, b) => b.path.length - a.path.length); // the longest path that fits counts

const server = http.createServer((request, response) => {
  const { host } = request.headers;
  request.headers['x-forwarded-proto'] = 'https';
  if (host + request.url === COMMON_AT) {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(COMMON));
    return;
  }
  const keys = mounts.find((mount) => mount.keys.includes(host + request.url));
  if (keys) {
    request.url = '/jwks';
    keys.handle(request, response);
    return;
  }
  const within = (mount) => request.url.startsWith(`${mount.path}/`);
  const mount = mounts.find((mount) => mount.host === host && within(mount));
  if (!mount) {
    response.writeHead(404).end();
    return;
  }
  request.originalUrl = request.url; // whence the provider knows where it is mounted
  request.url = request.url.slice(mount.path.length);
  mount.handle(request, response);
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
process.on('SIGTERM', () => process.exit(0));
