// The operations with a lock, compared with the expected ones.

import { openApi } from './services.mjs';
import { STEP_LIMIT_MS } from './waiting.mjs';

// Page, document and the API's response to an invalid token must agree.
export async function checkLocks(report, name, page, url) {
  const locks = await page.locks();
  const locked = Object.keys(locks).filter((operation) => locks[operation] !== 'none').sort();
  const operations = operationsOf(await openApi(url));

  const secured = operations.filter(({ security }) => security?.length > 0).map(text).sort();
  report.check(`${name}: locks, where the document has security`, secured, locked);

  const refusals = await Promise.all(operations.map((operation) => refusesNonsense(url, operation)));
  const refusing = operations.filter((_, index) => refusals[index]).map(text).sort();
  report.check(`${name}: locks, where a bad token is refused`, refusing, locked);

  report.check(`${name}: GET /public has a lock`, false, locked.includes('GET /public'));
  report.check(`${name}: GET /optional has a lock`, true, locked.includes('GET /optional'));
}

// Once authorized, every lock is closed.
export async function checkClosed(report, name, page) {
  const open = Object.entries(await page.locks()).filter(([, state]) => state === 'open');
  report.check(`${name}: locks still open`, [], open.map(([operation]) => operation));
}

function operationsOf({ paths }) {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { security }]) => ({ method: method.toUpperCase(), path, security })),
  );
}

async function refusesNonsense(url, { method, path }) {
  const response = await fetch(url + path.replace(/\{\w+\}/, '1'), {
    method,
    headers: { authorization: 'Bearer nonsense' },
    signal: AbortSignal.timeout(STEP_LIMIT_MS),
  });
  await response.arrayBuffer();
  return response.status === 401;
}

function text({ method, path }) {
  return `${method} ${path}`;
}
