// Every wait has an end.

import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 25;
const LIMIT_MS = 20_000;

// Asks until there is an answer other than undefined.
export async function until(what, probe) {
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${LIMIT_MS} ms`);
    await sleep(POLL_MS);
  }
}

// The promise's outcome, or an error when the time is over.
export async function within(milliseconds, what, promise) {
  const stop = new AbortController();
  const over = sleep(milliseconds, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`${what}: not done within ${milliseconds} ms`);
  });
  over.catch(() => {}); // calling it off rejects it
  try {
    return await Promise.race([promise, over]);
  } finally {
    stop.abort();
  }
}
