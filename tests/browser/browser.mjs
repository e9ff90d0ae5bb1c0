// Debian's chromium, kept on loopback.

import path from 'node:path';

import puppeteer from 'puppeteer-core';

import { SwaggerPage } from './swagger_page.mjs';
import { LIMIT_MS, STEP_LIMIT_MS, within } from './waiting.mjs';

export class Browser {
  #chromium;

  static async launch() {
    const browser = new Browser();
    browser.#chromium = await puppeteer.launch({
      executablePath: '/usr/bin/chromium',
      timeout: LIMIT_MS,
      protocolTimeout: LIMIT_MS,
      pipe: true, // and when this process is gone, so is the browser
      userDataDir: path.resolve('profile'),
      args: [
        '--no-sandbox', // it runs as root
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
      ],
    });
    return browser;
  }

  version() {
    return this.#chromium.version();
  }

  // Opens the page in a new session, and closes it after the visit.
  async visit(url, visit) {
    const context = await this.#chromium.createBrowserContext();
    try {
      return await visit(await SwaggerPage.open(context, url));
    } catch (error) {
      await this.#keep(context);
      throw error;
    } finally {
      await context.close();
    }
  }

  // Screenshots of all windows of an aborted visit.
  async #keep(context) {
    for (const [number, page] of (await context.pages()).entries()) {
      await page.screenshot({ path: `screenshots/broken-off-${Date.now()}-${number}.png` }).catch(() => {});
    }
  }

  async close() {
    await within(STEP_LIMIT_MS, 'closing chromium', this.#chromium.close());
  }
}
