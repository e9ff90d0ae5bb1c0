// The servers for the browser. Each is a process on loopback, with a log file.

import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';

import { STEP_LIMIT_MS, Stuck, until } from './waiting.mjs';

const { CARGO_BIN, LIVE_CACHE } = process.env; // set by `run`
// The limit of one readiness check, which is repeated.
const PROBE_LIMIT_MS = 10_000;
const QUICKSTART_PORT = 3000;

export const API = 'https://api.example.test';

// The quickstart's address, and the tokens that it prints, by name. Its port is fixed, so this waits for another run on
// this machine.
export async function quickstart() {
  await until(`port ${QUICKSTART_PORT}, which the quickstart listens on, is free`, () => isFree(QUICKSTART_PORT));
  return Service.started('quickstart', path.join(CARGO_BIN, 'quickstart'), [], {}, async (service) => {
    const url = await service.printed(/^API +(http:\S+)$/m);
    await service.answers(`${url}/readyz`);
    const tokens = service.output.matchAll(/^(\w+) \(.+\)\n(\S+)$/gm);
    return { url, tokens: Object.fromEntries([...tokens].map(([, name, token]) => [name, token])) };
  });
}

// npm `oidc-provider`, as `tests/live` configures it.
export async function oidcProvider() {
  const options = { cwd: path.join(LIVE_CACHE, 'oidc-provider') };
  return Service.started('oidc-provider', process.execPath, ['server.mjs'], options, async (service) => ({
    issuer: await service.printed(/^\{"issuer":"(.+?)"/m),
  }));
}

// The resource server that trusts this issuer, with login on its documentation page.
export async function resourceServer(issuer) {
  const env = {
    BIND: '127.0.0.1:0',
    COUNTERSIGN_ISSUER: issuer,
    COUNTERSIGN_AUDIENCE: API,
    COUNTERSIGN_DOCS_CLIENT_ID: 'swagger',
  };
  return Service.started('resource-server', path.join(CARGO_BIN, 'resource-server'), [], { env }, async (service) => {
    const url = await service.printed(/^listening on (\S+)$/m);
    await service.answers(`${url}/readyz`);
    return { url };
  });
}

// An access token for the API without a user. The resource's query may change it.
export async function machineToken(issuer, resource = API) {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa('svc:svc-secret')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource, scope: 'reports:read' }),
    signal: AbortSignal.timeout(STEP_LIMIT_MS),
  });
  if (!response.ok) throw new Error(`the provider answers ${response.status}: ${await response.text()}`);
  return (await response.json()).access_token;
}

// The OpenAPI document of the page.
export async function openApi(url) {
  const response = await fetch(`${url}/openapi.json`, { signal: AbortSignal.timeout(STEP_LIMIT_MS) });
  return response.json();
}

function isFree(port) {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

class Service {
  #name;
  #log;
  #child;
  #failure;

  // Starts the server, and waits until `ready` gives a value. Starts it once more if it ends or becomes inactive before
  // that.
  static async started(name, program, parameters, options, ready) {
    const start = async () => {
      const service = new Service(name, program, parameters, options);
      try {
        return { service, ...(await ready(service)) };
      } catch (error) {
        service.stop();
        throw error;
      }
    };
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof Stuck)) throw error;
      console.log(`${error.message}; it is started once more`);
      return start();
    }
  }

  constructor(name, program, parameters, options) {
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

  // Waits for a line, and gives the match of the pattern's group.
  printed(pattern) {
    return this.#until(`printing ${pattern}`, () => pattern.exec(this.output)?.[1]);
  }

  // Waits until the address answers with 200.
  answers(url) {
    return this.#until(`answering at ${url}`, async () => {
      const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_LIMIT_MS) }).catch(() => undefined);
      return response?.ok || undefined;
    });
  }

  stop() {
    this.#child.kill('SIGKILL');
  }

  #until(what, probe) {
    const ended = () => {
      if (this.#failure !== undefined) throw new Stuck(`${this.#name} ${this.#failure}; ${this.#logEnd()}`);
    };
    const waiting = until(
      `${this.#name} ${what}`,
      async () => {
        const found = await probe();
        ended(); // then the answer was that of somebody else on its port
        return found;
      },
      () => this.#activity(),
    );
    return waiting.catch((error) => {
      ended();
      error.message += `; ${this.#logEnd()}`;
      throw error;
    });
  }

  #logEnd() {
    return `${this.#log} ends: ${this.output.trimEnd().split('\n').slice(-5).join(' / ')}`;
  }

  // Bytes in the log and processor time (fields 14 and 15 of `man 5 proc_pid_stat`), which change while the server is
  // active.
  #activity() {
    try {
      const fields = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8').replace(/^.*\)/s, '').trim().split(' ');
      return `${statSync(this.#log).size} ${fields[11]} ${fields[12]}`;
    } catch {
      return 'ended';
    }
  }
}
