// The resource server's page, with pasted tokens and with login at the provider.

import { checkClosed, checkLocks } from './locks.mjs';
import { checkRequest } from './login_request.mjs';
import { signIn } from './provider_pages.mjs';
import { API, machineToken, oidcProvider, resourceServer } from './services.mjs';

const NAME = 'resource-server';

export async function check(report, browser) {
  const provider = await oidcProvider();
  try {
    const { service, url } = await resourceServer(provider.issuer);
    try {
      await withoutToken(report, browser, url);
      await withToken(report, browser, url, await machineToken(provider.issuer));
      await loggedIn(report, browser, url, 'alice', { 'GET /admin': '200', 'POST /reports': '201' });
      await loggedIn(report, browser, url, 'bob', { 'GET /admin': '403', 'GET /staff': '200' });
    } finally {
      service.stop();
    }
  } finally {
    provider.service.stop();
  }
}

function withoutToken(report, browser, url) {
  return browser.visit(url, async (page) => {
    await checkLocks(report, NAME, page, url);
    await page.screenshot('resource-server-page');
    report.check(`${NAME}: GET /admin without a token`, '401', await page.call('GET', '/admin'));
    await page.screenshot('resource-server-401');
    report.check(`${NAME}: troubles of the page`, [], page.troubles);
  });
}

function withToken(report, browser, url, token) {
  return browser.visit(url, async (page) => {
    await page.paste(token);
    report.check(`${NAME}: GET /me, token of svc pasted`, '200', await page.call('GET', '/me'));
    await page.screenshot('resource-server-pasted-200');
  });
}

// The group depends on the user, and the scopes on the selection in the dialog.
function loggedIn(report, browser, url, user, expected) {
  const who = `${NAME}, ${user} logged in`;
  return browser.visit(url, async (page) => {
    const { scopes, asked } = await page.logIn(signIn, user, `resource-server-${user}`);
    await checkRequest(report, who, url, { scopes, asked }, { client_id: 'swagger', resource: API });
    await checkClosed(report, who, page);
    for (const [operation, status] of Object.entries(expected)) {
      report.check(`${who}: ${operation}`, status, await page.call(...operation.split(' ')));
      await page.screenshot(`resource-server-${user}-${operation.replace(' /', '-')}`);
    }
    report.check(`${who}: troubles of the page`, [], page.troubles);
  });
}
