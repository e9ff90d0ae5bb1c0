// One line for each check, and the numbers of passed, failed and skipped checks.

import { isDeepStrictEqual } from 'node:util';

export class Report {
  #passed = 0;
  #failed = 0;
  #brokeOff = 0;
  #skipped = 0;

  check(what, expected, got) {
    if (isDeepStrictEqual(got, expected)) {
      this.#passed += 1;
      console.log(`passed  ${what}: ${text(got)}`);
    } else {
      this.#failed += 1;
      console.log(`FAILED  ${what}: expected ${text(expected)}, got ${text(got)}`);
    }
  }

  // Adds the failure of an aborted section, which does not count as a check.
  brokeOff(what, why) {
    this.#brokeOff += 1;
    console.log(`FAILED  ${what}: ${why}`);
  }

  // The checks so far.
  get checks() {
    return this.#passed + this.#failed;
  }

  // Compares the number of a section's checks, which are those after the first `before`, with the expected number.
  closeSection(name, before, expected) {
    const ran = this.checks - before;
    if (ran > expected) {
      this.brokeOff(`${name} (its ${expected} checks)`, `${ran} checks ran: write this number into main.mjs`);
    } else if (ran < expected) {
      this.#skipped += expected - ran;
      this.brokeOff(`${name} (its ${expected} checks)`, `${expected - ran} did not run`);
    }
  }

  // Prints the last line. A run without checks fails.
  close() {
    const failed = this.#failed + this.#brokeOff;
    console.log(`${this.#passed} passed, ${failed} failed, ${this.#skipped} skipped`);
    return failed === 0 && this.#skipped === 0 && this.checks > 0;
  }
}

function text(value) {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(text).join(', ');
  return String(value);
}
