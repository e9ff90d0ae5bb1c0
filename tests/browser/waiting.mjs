// Every wait has an end, which no busy machine reaches.

import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 25;

// For one request, or one step of a page.
export const STEP_LIMIT_MS = 120_000;
// For a server that is busy and never ready.
export const LIMIT_MS = 300_000;
// A server that wrote nothing to its log and computed nothing for so long is stuck.
const SILENCE_MS = 60_000;

// What ended or fell silent before it was ready.
export class Stuck extends Error {}

// Asks until there is an answer other than undefined, for as long as the activity changes; unless told, it always does.
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
