// Swagger UI, used like a person uses it.

import { STEP_LIMIT_MS } from './waiting.mjs';

const WINDOW = { width: 1200, height: 1300 };

// A security scheme's box in the Authorize dialog, and a button in there by its label.
const box = (scheme) => `::-p-xpath(//*[@class="auth-container"][.//h4[starts-with(normalize-space(.), "${scheme}")]])`;
const button = (label) => `::-p-xpath(.//button[normalize-space(.)="${label}"])`;

export class SwaggerPage {
  #page;
  // Errors of scripts, and addresses that are not on loopback.
  troubles = [];

  static async open(context, url) {
    const self = new SwaggerPage();
    const page = await context.newPage();
    self.#page = page;
    page.setDefaultTimeout(STEP_LIMIT_MS);
    await page.setViewport(WINDOW);
    page.on('pageerror', (error) => self.troubles.push(error.message));
    page.on('request', (request) => {
      const { protocol, hostname } = new URL(request.url());
      if (protocol !== 'data:' && hostname !== '127.0.0.1') self.troubles.push(request.url());
    });
    await page.evaluateOnNewDocument(rememberPopUp);
    await page.goto(`${url}/docs/`);
    await page.waitForSelector('.opblock');
    return self;
  }

  // The lock of each operation: `open`, `closed`, or `none`.
  locks() {
    return this.#page.$$eval('.opblock', (blocks) =>
      Object.fromEntries(
        blocks.map((block) => {
          const method = block.querySelector('.opblock-summary-method').textContent;
          const { path } = block.querySelector('.opblock-summary-path').dataset;
          const lock = block.querySelector('.authorization__btn svg');
          const state = lock === null ? 'none' : lock.classList.contains('locked') ? 'closed' : 'open';
          return [`${method} ${path}`, state];
        }),
      ),
    );
  }

  // Tries the operation out, and gives the displayed status, with the page's remark if the document lacks it.
  async call(method, path) {
    const block = await this.#page.$(
      `.opblock-${method.toLowerCase()}:has(.opblock-summary-path[data-path="${path}"])`,
    );
    if (block === null) throw new Error(`the page shows no ${method} ${path}`);
    if ((await block.$('.btn.execute')) === null) {
      await block.$('.opblock-summary-control').then((summary) => summary.click());
      await block.waitForSelector('.try-out__btn').then((tryOut) => tryOut.click());
    }
    // Removes an earlier response, which would be mistaken for this one.
    await block.$('.btn-clear').then((clear) => clear?.click());
    await block.waitForSelector('.live-responses-table', { hidden: true });
    await block.waitForSelector('.btn.execute').then((execute) => execute.click());
    const status = await block.waitForSelector('.live-responses-table .response .response-col_status');
    await block.evaluate((element) => element.scrollIntoView()); // for a screenshot
    return status.evaluate((cell) => cell.innerText.trim().replace(/\s+/g, ' '));
  }

  // Authorizes with a pasted token.
  async paste(token) {
    const bearer = await this.#openDialog('bearerAuth');
    await bearer.$('input').then((input) => input.focus());
    await this.#page.keyboard.sendCharacter(token);
    await bearer.$(button('Authorize')).then((authorize) => authorize.click());
    await this.#closeDialog('bearerAuth');
  }

  // Authorizes through the provider's pages with every offered scope. Gives these scopes, and the page's request.
  async logIn(signIn, user, screenshot) {
    const oauth2 = await this.#openDialog('oauth2');
    const scopes = await oauth2.$$eval('.scopes input', (inputs) => inputs.map((input) => input.dataset.value));
    await oauth2.$('.scopes a[data-all]').then((all) => all.click());
    const authorize = await oauth2.$(button('Authorize'));
    await authorize.scrollIntoView();
    await this.screenshot(`${screenshot}-dialog`);

    const popUp = new Promise((resolve) => this.#page.once('popup', resolve));
    await authorize.click();
    await signIn(await popUp, user, screenshot);
    await this.#closeDialog('oauth2');
    const asked = new URL(await this.#page.evaluate(() => globalThis.popUp));
    return { scopes, asked: Object.fromEntries(asked.searchParams) };
  }

  // Runs a script in the page.
  run(script, ...given) {
    return this.#page.evaluate(script, ...given);
  }

  async screenshot(name) {
    await this.#page.screenshot({ path: `screenshots/${name}.png` });
  }

  async #openDialog(scheme) {
    await this.#page.click('.auth-wrapper > .btn.authorize');
    return this.#page.waitForSelector(box(scheme));
  }

  // Waits until the box shows that it is authorized, since the token is missing before.
  async #closeDialog(scheme) {
    const dialog = await this.#page.$(box(scheme));
    const outcome = await dialog.waitForSelector('[aria-label="Remove authorization"], .errors');
    const said = await outcome.evaluate((element) => element.innerText);
    if (said !== 'Logout') throw new Error(`${scheme}: the dialog says: ${said.replace(/\s+/g, ' ')}`);
    await dialog.$(button('Close')).then((close) => close.click());
    await this.#page.waitForSelector('.modal-ux', { hidden: true });
  }
}

// Runs in the page, since the pop-up's address has already changed when it can be read.
function rememberPopUp() {
  const { open } = globalThis;
  globalThis.open = (url, ...others) => {
    globalThis.popUp = url;
    return open(url, ...others);
  };
}
