// The login pages of providers, each in its own window.

import { STEP_LIMIT_MS, within } from './waiting.mjs';

// The local issuer's page needs one click. Violations of its content security policy appear in the console.
export async function choosePersona(window, user, screenshot) {
  window.setDefaultTimeout(STEP_LIMIT_MS);
  const said = [];
  window.on('console', (message) => said.push(message.text()));
  const closed = new Promise((resolve) => window.once('close', resolve));

  const persona = await window.waitForSelector(`button[name=persona][value=${user}]`);
  await window.screenshot({ path: `screenshots/${screenshot}-persona.png` });
  await persona.click();
  await within(STEP_LIMIT_MS, `closing the window of the local issuer, which says ${said}`, closed);
}

// The pages of npm `oidc-provider`: fills in the forms until the window closes.
export async function signIn(window, user, screenshot) {
  window.setDefaultTimeout(STEP_LIMIT_MS);
  const closed = new Promise((resolve) => window.once('close', resolve));

  await window.waitForSelector('input[name=prompt][value=login]');
  await window.type('input[name=login]', user);
  await window.type('input[name=password]', 'any');
  await window.screenshot({ path: `screenshots/${screenshot}-sign-in.png` });
  await window.click('[type=submit]');

  await window.waitForSelector('input[name=prompt][value=consent]');
  await window.screenshot({ path: `screenshots/${screenshot}-consent.png` });
  await window.click('[type=submit]');
  await within(STEP_LIMIT_MS, 'closing the window of the provider', closed);
}
