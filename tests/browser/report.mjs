// One line for each check, and how many passed.

import { isDeepStrictEqual } from 'node:util';

export class Report {
  #passed = 0;
  #failed = 0;

  check(what, expected, got) {
    if (isDeepStrictEqual(got, expected)) {
      this.#passed += 1;
      console.log(`passed  ${what}: ${text(got)}`);
    } else {
      this.fail(what, `expected ${text(expected)}, got ${text(got)}`);
    }
  }

  fail(what, why) {
    this.#failed += 1;
    console.log(`FAILED  ${what}: ${why}`);
  }

  // Prints the closing line.
  close() {
    console.log(`${this.#passed} passed, ${this.#failed} failed`);
    return this.#failed === 0;
  }
}

function text(value) {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(text).join(', ');
  return String(value);
}
