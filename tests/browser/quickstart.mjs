// The quickstart's page, with pasted tokens and with login at the local issuer.

import { checkClosed, checkLocks } from './locks.mjs';
import { checkRequest } from './login_request.mjs';
import { choosePersona } from './provider_pages.mjs';
import { quickstart } from './services.mjs';

const NAME = 'quickstart';

export async function check(report, browser) {
  const { service, url, tokens } = await quickstart();
  try {
    await withoutToken(report, browser, url);
    await withToken(report, browser, url, tokens, 'alice', 'GET', '/admin', '200');
    await withToken(report, browser, url, tokens, 'bob', 'GET', '/admin', '403');
    await withToken(report, browser, url, tokens, 'mallory', 'GET', '/me', '200');
    await withToken(report, browser, url, tokens, 'trudy', 'GET', '/me', '401');
    await loggedIn(report, browser, url, 'alice', { 'GET /admin': '200', 'POST /reports': '201' });
    await loggedIn(report, browser, url, 'bob', { 'GET /admin': '403', 'GET /reports': '200' });
  } finally {
    service.stop();
  }
}

function withoutToken(report, browser, url) {
  return browser.visit(url, async (page) => {
    await checkLocks(report, NAME, page, url);
    await page.screenshot('quickstart-page');
    report.check(`${NAME}: GET /admin without a token`, '401', await page.call('GET', '/admin'));
    await page.screenshot('quickstart-401');
    report.check(`${NAME}: GET /public without a token`, '200', await page.call('GET', '/public'));
    report.check(`${NAME}: GET /optional without a token`, '200', await page.call('GET', '/optional'));
    report.check(`${NAME}: troubles of the page`, [], page.troubles);
  });
}

function withToken(report, browser, url, tokens, name, method, path, expected) {
  return browser.visit(url, async (page) => {
    await page.paste(tokens[name]);
    await checkClosed(report, `${NAME}, token of ${name} pasted`, page);
    const status = await page.call(method, path);
    await page.screenshot(`quickstart-${name}-${status}`);
    report.check(`${NAME}: ${method} ${path}, token of ${name} pasted`, expected, status);
  });
}

// The page requests all scopes, and the persona has some of them.
function loggedIn(report, browser, url, user, expected) {
  const who = `${NAME}, ${user} logged in`;
  return browser.visit(url, async (page) => {
    const request = await page.logIn(choosePersona, user, `quickstart-${user}`);
    const client = { client_id: 'quickstart', resource: 'https://reports.example.com' };
    await checkRequest(report, who, url, request, client);
    await checkClosed(report, who, page);
    for (const [operation, status] of Object.entries(expected)) {
      report.check(`${who}: ${operation}`, status, await page.call(...operation.split(' ')));
    }
    report.check(`${who}: troubles of the page`, [], page.troubles);
  });
}
