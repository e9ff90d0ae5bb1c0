// The servers that the browser meets: each is a process of its own on loopback, with its output in a log file.

import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { until } from './waiting.mjs';

const { CARGO_BIN, LIVE_CACHE } = process.env; // set by `run`
const REQUEST_LIMIT_MS = 5_000;

export const API = 'https://api.example.test';

// The quickstart: where it listens, and the tokens that it prints, by name.
export async function quickstart() {
  const service = new Service('quickstart', path.join(CARGO_BIN, 'quickstart'));
  const url = await service.printed(/^API +(http:\S+)$/m);
  await service.answers(`${url}/readyz`);
  const tokens = service.output.matchAll(/^(\w+) \(.+\)\n(\S+)$/gm);
  return { service, url, tokens: Object.fromEntries([...tokens].map(([, name, token]) => [name, token])) };
}

// npm `oidc-provider`, as `tests/live` configures it.
export async function oidcProvider() {
  const service = new Service('oidc-provider', process.execPath, ['server.mjs'], {
    cwd: path.join(LIVE_CACHE, 'oidc-provider'),
  });
  return { service, issuer: await service.printed(/^\{"issuer":"(.+?)"/m) };
}

// The resource server that trusts this issuer, with a documentation page that can log its reader in.
export async function resourceServer(issuer) {
  const service = new Service('resource-server', path.join(CARGO_BIN, 'resource-server'), [], {
    env: {
      BIND: '127.0.0.1:0',
      COUNTERSIGN_ISSUER: issuer,
      COUNTERSIGN_AUDIENCE: API,
      COUNTERSIGN_DOCS_CLIENT_ID: 'swagger',
    },
  });
  const url = await service.printed(/^listening on (\S+)$/m);
  await service.answers(`${url}/readyz`);
  return { service, url };
}

// An access token for the API that no user took part in; the resource's query may shape it.
export async function machineToken(issuer, resource = API) {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa('svc:svc-secret')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource, scope: 'reports:read' }),
    signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
  });
  if (!response.ok) throw new Error(`the provider answers ${response.status}: ${await response.text()}`);
  return (await response.json()).access_token;
}

// The document that the page is made of.
export async function openApi(url) {
  const response = await fetch(`${url}/openapi.json`, { signal: AbortSignal.timeout(REQUEST_LIMIT_MS) });
  return response.json();
}

class Service {
  #name;
  #log;
  #child;
  #failure;

  constructor(name, program, parameters = [], options = {}) {
    this.#name = name;
    this.#log = path.resolve('log', `${name}.log`);
    const output = openSync(this.#log, 'w');
    this.#child = spawn(program, parameters, { ...options, stdio: ['ignore', output, output] });
    this.#child.once('error', (error) => (this.#failure = error.message));
    this.#child.once('exit', (code, signal) => (this.#failure ??= `ended with ${signal ?? code}`));
    closeSync(output);
  }

  get output() {
    return readFileSync(this.#log, 'utf8');
  }

  // Waits for a line, and takes what the pattern's group matches.
  printed(pattern) {
    return this.#until(`printing ${pattern}`, () => pattern.exec(this.output)?.[1]);
  }

  // Waits until the address answers with 200.
  answers(url) {
    return this.#until(`answering at ${url}`, async () => {
      const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_LIMIT_MS) }).catch(() => undefined);
      return response?.ok || undefined;
    });
  }

  stop() {
    this.#child.kill('SIGKILL');
  }

  #until(what, probe) {
    return until(`${this.#name} ${what}`, () => {
      if (this.#failure !== undefined) {
        const end = this.output.trimEnd().split('\n').slice(-5).join(' / ');
        throw new Error(`${this.#name} ${this.#failure}; ${this.#log} ends: ${end}`);
      }
      return probe();
    });
  }
}
