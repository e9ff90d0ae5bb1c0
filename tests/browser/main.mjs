// Tests of both examples' Swagger UI and of websockets, in Debian's chromium. `run` installs, builds and starts this program.
// Arguments select sections.

import { Browser } from './browser.mjs';
import * as quickstart from './quickstart.mjs';
import { Report } from './report.mjs';
import * as resourceServer from './resource_server.mjs';
import { within } from './waiting.mjs';
import * as websockets from './websockets.mjs';

// The time limit of a section, which makes a hang a failure. Sections take less than a tenth of it.
const SECTION_LIMIT_MS = 1_200_000;

// The sections in order, with their numbers of checks, so that a missing check is noticed.
const SECTIONS = {
  quickstart: { checks: 38, check: quickstart.check },
  'resource-server': { checks: 29, check: resourceServer.check },
  websockets: { checks: 3, check: websockets.check },
};

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !Object.hasOwn(SECTIONS, name));
if (unknown !== undefined) {
  console.error(`there is no section "${unknown}", but these: ${Object.keys(SECTIONS).join(', ')}`);
  process.exit(1);
}

const report = new Report();
const sections = Object.entries(SECTIONS).filter(([name]) => wanted.length === 0 || wanted.includes(name));
const browser = await Browser.launch().catch((error) => {
  report.brokeOff('chromium', error.stack);
});
if (browser !== undefined) console.log(`${await browser.version()}, node ${process.version}`);
for (const [name, { checks, check }] of sections) {
  const before = report.checks;
  // An error of a section is a failure, and the other sections still run.
  if (browser !== undefined) {
    await within(SECTION_LIMIT_MS, name, check(report, browser)).catch((error) => {
      report.brokeOff(`${name} (the section itself)`, error.stack);
    });
  }
  report.closeSection(name, before, checks);
}
await browser?.close().catch((error) => console.error(error.message));
process.exit(report.close() ? 0 : 1);
