// The sign-in and consent pages of npm `oidc-provider`, which it shows in a window of their own.

import { within } from './waiting.mjs';

const WAIT_MS = 10_000;

// Fills the forms in until the window closes itself.
export async function signIn(window, user, screenshot) {
  window.setDefaultTimeout(WAIT_MS);
  const closed = new Promise((resolve) => window.once('close', resolve));

  await window.waitForSelector('input[name=prompt][value=login]');
  await window.type('input[name=login]', user);
  await window.type('input[name=password]', 'any');
  await window.screenshot({ path: `screenshots/${screenshot}-sign-in.png` });
  await window.click('[type=submit]');

  await window.waitForSelector('input[name=prompt][value=consent]');
  await window.screenshot({ path: `screenshots/${screenshot}-consent.png` });
  await window.click('[type=submit]');
  await within(WAIT_MS, 'closing the window of the provider', closed);
}
