// Websockets of the resource server, opened by scripts of its page.

import { API, machineToken, oidcProvider, resourceServer } from './services.mjs';

const NAME = 'websockets';

export async function check(report, browser) {
  const provider = await oidcProvider();
  try {
    const { service, url } = await resourceServer(provider.issuer);
    try {
      await browser.visit(url, async (page) => {
        const good = await page.run(converse, await machineToken(provider.issuer));
        report.check(`${NAME}: a good token as a protocol`, ['protocol bearer', 'echo hello'], good);

        // A script cannot see the reason of a rejection before the upgrade.
        const bad = await page.run(converse, 'a.b.c');
        report.check(`${NAME}: a bad token`, ['closed 1006'], bad);

        const short = await machineToken(provider.issuer, `${API}?ttl=4`);
        const ended = await page.run(listen, short);
        report.check(`${NAME}: a token that expires`, ['protocol bearer', 'closed 1008 token_expired'], ended);
      });
    } finally {
      service.stop();
    }
  } finally {
    provider.service.stop();
  }
}

// Runs in the page: sends a message, and gives the events until the answer or the end.
function converse(token) {
  return new Promise((resolve) => {
    const happened = [];
    const socket = new WebSocket(`ws://${location.host}/ws`, ['bearer', token]);
    socket.onopen = () => {
      happened.push(`protocol ${socket.protocol}`);
      socket.send('hello');
    };
    socket.onmessage = ({ data }) => resolve([...happened, `echo ${data}`]);
    socket.onclose = ({ code, reason }) => resolve([...happened, `closed ${code} ${reason}`.trim()]);
  });
}

// Runs in the page: gives the events until the end.
function listen(token) {
  return new Promise((resolve) => {
    const happened = [];
    const socket = new WebSocket(`ws://${location.host}/ws`, ['bearer', token]);
    socket.onopen = () => happened.push(`protocol ${socket.protocol}`);
    socket.onclose = ({ code, reason }) => resolve([...happened, `closed ${code} ${reason}`.trim()]);
  });
}
