// Limits of waits, which even a busy machine does not reach.

import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 25;

// The limit of one request, or of one step on a page.
export const STEP_LIMIT_MS = 120_000;
// The limit for a server that is busy but never ready.
export const LIMIT_MS = 300_000;
// A server that writes no log and uses no processor time for this long is stuck.
const SILENCE_MS = 60_000;

// The error of a server that ended or became inactive before it was ready.
export class Stuck extends Error {}

// Repeats a question until the answer is defined, while the activity changes. By default it always changes.
export async function until(what, probe, activity = Date.now) {
  const deadline = Date.now() + LIMIT_MS;
  let last = activity();
  let active = Date.now();
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    const now = activity();
    if (now !== last) [last, active] = [now, Date.now()];
    if (Date.now() > active + SILENCE_MS) throw new Stuck(`${what}: it did nothing for ${SILENCE_MS} ms`);
    if (Date.now() > deadline) throw new Error(`${what}: not within ${LIMIT_MS} ms`);
    await sleep(POLL_MS);
  }
}

// The promise's result, or an error after the limit.
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
