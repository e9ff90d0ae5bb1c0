// The pages on which a user logs in, in a window of their own.

import { STEP_LIMIT_MS, within } from './waiting.mjs';

// The local issuer's: one press of a button. What broke the page's own policy is in its console.
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

// Those of npm `oidc-provider`: fills the forms in until the window closes itself.
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
