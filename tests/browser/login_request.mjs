// The scopes that a page offers, and those in its request to the provider.

import { openApi } from './services.mjs';

export async function checkRequest(report, who, url, { scopes, asked }, client) {
  const { components } = await openApi(url);
  const documented = Object.keys(components.securitySchemes.oauth2.flows.authorizationCode.scopes);
  report.check(`${who}: scopes offered`, documented, scopes);
  report.check(`${who}: scopes asked for`, documented, asked.scope.split(' '));
  const expected = {
    response_type: 'code',
    redirect_uri: `${url}/docs/oauth2-redirect.html`,
    code_challenge_method: 'S256',
    ...client,
  };
  for (const [parameter, value] of Object.entries(expected)) {
    report.check(`${who}: ${parameter} asked for`, value, asked[parameter]);
  }
}
