// A service that is started while Stripe takes connections and never answers, and what it shows once Stripe does.
import { once } from 'node:events';
import http from 'node:http';
import { sleep } from '../support/process.mjs';
import { customer, open_shop } from '../support/shop.mjs';

// Stands before the sandbox's Stripe; silent until told otherwise.
async function silent_stripe(sandbox_url) {
  let silent = true;
  const held = new Set();
  const server = http.createServer(async (request, response) => {
    if (silent) return held.add(request.socket);
    const body = [];
    for await (const chunk of request) body.push(chunk);
    const { host, connection, 'content-length': length, ...headers } = request.headers;
    const answer = await fetch(sandbox_url + request.url, { method: request.method, headers, ...(body.length > 0 ? { body: Buffer.concat(body) } : {}) });
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    return response.end(await answer.text());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    asked: () => held.size,
    answer: () => { silent = false; for (const socket of held) socket.destroy(); },
    close: () => { server.closeAllConnections(); server.close(); },
  };
}

export async function while_stripe_is_silent(checks) {
  const shop = await open_shop();
  const stripe = await silent_stripe(shop.sandbox_url);
  shop.environment.STRIPE_API_BASE = stripe.origin;
  const begun = Date.now();
  await shop.restart();
  checks.check('Stripe is silent: up within 10 s all the same', Date.now() - begun < 10_000, `${Date.now() - begun} ms`);
  checks.check('Stripe is silent: it was asked', stripe.asked() > 0);
  const token = await shop.token('early');
  // A client may keep a list for a while: each look is a new one's.
  const described = async () => {
    const client = await customer(shop, { token });
    const tool = (await client.tools()).find(({ name }) => name === 'premiumFeature');
    await client.close();
    return tool.description;
  };
  checks.equal('Stripe is silent: no price in the listing', (await described()).includes('$9.99'), false);
  stripe.answer();
  const end = Date.now() + 120_000;
  while (!(await described()).includes('$9.99') && Date.now() < end) await sleep(500);
  checks.check('once Stripe answers the listing has the price', (await described()).includes('Needs premium: $9.99 a month'), await described());
  await shop.close();
  stripe.close();
}
