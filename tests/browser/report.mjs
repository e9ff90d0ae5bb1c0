// One line for each check, and how many passed, failed and did not run.

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

  // The failure of something that broke off. It is no check, and takes the place of none.
  brokeOff(what, why) {
    this.#brokeOff += 1;
    console.log(`FAILED  ${what}: ${why}`);
  }

  // The checks so far.
  get checks() {
    return this.#passed + this.#failed;
  }

  // Compares the checks of a section, which are those since there were `before`, with the number that it has.
  closeSection(name, before, expected) {
    const ran = this.checks - before;
    if (ran > expected) {
      this.brokeOff(`${name} (its ${expected} checks)`, `${ran} checks ran: write this number into main.mjs`);
    } else if (ran < expected) {
      this.#skipped += expected - ran;
      this.brokeOff(`${name} (its ${expected} checks)`, `${expected - ran} did not run`);
    }
  }

  // Prints the closing line. A run of nothing is not good.
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
