// Swagger UI of both examples, and websockets, in Debian's chromium. `run` installs, builds and starts this.

import { Browser } from './browser.mjs';
import * as quickstart from './quickstart.mjs';
import { Report } from './report.mjs';
import * as resourceServer from './resource_server.mjs';
import { within } from './waiting.mjs';
import * as websockets from './websockets.mjs';

// No section takes a tenth of this; it is here so that a hang becomes a failure.
const SECTION_LIMIT_MS = 120_000;

const report = new Report();
const browser = await Browser.launch();
console.log(`${await browser.version()}, node ${process.version}`);
await section('quickstart', quickstart);
await section('resource-server', resourceServer);
await section('websockets', websockets);
await browser.close().catch((error) => console.error(error.message));
process.exit(report.close() ? 0 : 1);

// A section that breaks off is a failure of its own, and the other one still runs.
async function section(name, { check }) {
  try {
    await within(SECTION_LIMIT_MS, name, check(report, browser));
  } catch (error) {
    report.fail(`${name} (the section itself)`, error.stack);
  }
}
