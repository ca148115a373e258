// A hostile customer and a hostile network against the premium service and the metered tool: nobody gets what they did not
// pay for, and nobody pays twice.
import crypto from 'node:crypto';
import http from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import { Checks } from '../support/checks.mjs';
import { sleep } from '../support/process.mjs';
import { browse, customer, kinds, open_shop, subject } from '../support/shop.mjs';
import { replays } from './replays.mjs';

const checks = new Checks('payment_attacks');
const secret = 'whsec_shop_0123456789abcdef';

const sign = (body, { key = secret, at = Math.floor(Date.now() / 1000) } = {}) =>
  `t=${at},v1=${crypto.createHmac('sha256', key).update(`${at}.${body}`).digest('hex')}`;
const post = async (shop, body, headers = {}) => {
  const answer = await fetch(`${shop.base}/webhook/stripe`, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
  return answer.status;
};
const until = async (what, ms = 120_000) => {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(100)) if (await what()) return true;
  return false;
};
const session_of = async (shop, user) => (await shop.all('checkout/sessions')).find((one) => one.metadata.userId === subject(user));
const plan_of = async (shop, user) => {
  const client = await customer(shop, { token: await shop.token(user) });
  const { said } = await client.call('checkSubscription');
  await client.close();
  return said.plan;
};

async function asks_nicely(shop) {
  const client = await customer(shop, { token: await shop.token('mallory') });
  for (const input of [{ data: 'x', plan: 'premium' }, { data: 'x', paid: true }, { data: 'x', userId: subject('ada') }]) {
    const outcome = await client.call('premiumFeature', input).catch((error) => ({ ok: false, said: {}, text: String(error) }));
    checks.check(`arguments buy nothing: ${Object.keys(input)[1]}`, !outcome.ok, outcome.text);
  }
  for (const plan of ['price_monthly', 'free', '', 'monthly ', 'MONTHLY', 'premium/monthly', '../yearly']) {
    const outcome = await client.call('upgrade', { plan }).catch((error) => ({ ok: false, text: String(error) }));
    checks.check(`there is no plan ${JSON.stringify(plan)}`, !outcome.ok, outcome.text);
  }
  const forced = await client.call('upgrade', { plan: 'monthly', confirm: true }).catch((error) => ({ ok: false, text: String(error) }));
  checks.check('consent is no argument', !forced.ok, forced.text);
  const begun = await client.call('upgrade', { plan: 'monthly' });
  const session = begun.said.sessionId;
  for (const url of [`${shop.base}/success?session_id=${session}`, `${shop.base}/success`, `${shop.base}/cancelled?paid=1`]) await fetch(url);
  checks.equal('the success page grants nothing', await plan_of(shop, 'mallory'), 'free');
  checks.equal('and one checkout is open, whatever was tried', (await shop.all('checkout/sessions')).length, 1);
  await client.close();
}

async function forges(shop) {
  const client = await customer(shop, { token: await shop.token('eve') });
  const { said } = await client.call('upgrade', { plan: 'monthly' });
  const session = await session_of(shop, 'eve');
  const event = (change = {}) => JSON.stringify({
    id: `evt_${crypto.randomUUID().replaceAll('-', '')}`, object: 'event', type: 'checkout.session.completed', created: 1, livemode: false,
    data: { object: { ...session, status: 'complete', payment_status: 'paid' } }, ...change,
  });
  const body = event();
  const now = Math.floor(Date.now() / 1000);
  const forged = {
    'no signature': {}, 'an empty one': { 'stripe-signature': '' }, 'another secret': { 'stripe-signature': sign(body, { key: 'whsec_other' }) },
    'no secret': { 'stripe-signature': sign(body, { key: '' }) }, 'of another body': { 'stripe-signature': sign(`${body} `) },
    'ten minutes old': { 'stripe-signature': sign(body, { at: now - 601 }) }, 'of the future': { 'stripe-signature': sign(body, { at: now + 601 }) },
    'another scheme': { 'stripe-signature': sign(body).replace('v1=', 'v0=') }, 'two times': { 'stripe-signature': `${sign(body)},t=${now - 5}` },
    'in capitals': { 'stripe-signature': sign(body).replace(/v1=.*/, (part) => part.toUpperCase().replace('V1', 'v1')) },
    'the body as key': { 'stripe-signature': sign(body, { key: body }) },
  };
  for (const [what, headers] of Object.entries(forged)) checks.equal(`webhook with a signature: ${what}`, await post(shop, body, headers), 400);
  for (const wrong of ['', '{', '[]', 'null', '{"id":1}', '{"object":"event"}', `{"object":"event","id":"evt_1","type":"x","data":${'['.repeat(3000)}`])
    checks.equal(`signed, but no event: ${wrong.slice(0, 20)}`, await post(shop, wrong, { 'stripe-signature': sign(wrong) }), 400);
  const huge = event({ padding: 'x'.repeat(3_000_000) });
  checks.check('a body of three megabytes', [400, 413].includes(await post(shop, huge, { 'stripe-signature': sign(huge) }).catch(() => 413)));

  // Rightly signed, and still untrue: what is written comes from Stripe itself.
  const subscription = { id: 'sub_made_up', object: 'subscription', status: 'active', customer: session.customer, metadata: session.metadata };
  for (const untrue of [
    event(), event({ type: 'checkout.session.async_payment_succeeded' }), event({ livemode: true }), event({ account: 'acct_other' }),
    event({ type: 'customer.subscription.created', data: { object: subscription } }),
    event({ type: 'invoice.paid', data: { object: { id: 'in_1', object: 'invoice', customer: session.customer, parent: { subscription_details: { subscription: 'sub_made_up' } } } } }),
    event({ type: 'checkout.session.completed', data: { object: { ...session, id: '../customers', status: 'complete' } } }),
    event({ object: 'v2.core.event', created: '2026-01-01T00:00:00Z', type: 'v1.customer.subscription.created', data: undefined,
      related_object: { id: 'sub_made_up', type: 'subscription', url: `${shop.base}/evil` } }),
  ]) checks.equal(`signed, but untrue: ${JSON.parse(untrue).type}`, await post(shop, untrue, { 'stripe-signature': sign(untrue) }), 200);
  await sleep(500);
  checks.equal('grants nothing', await plan_of(shop, 'eve'), 'free');
  checks.equal('and the checkout is still open', (await session_of(shop, 'eve')).status, 'open');

  // The same event many times at once, after it became true.
  await shop.control(`pay/${said.sessionId}`);
  const real = (await shop.all('events')).filter(({ data }) => data.object.id === said.sessionId).map((one) => JSON.stringify(one));
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => post(shop, real[i % real.length], { 'stripe-signature': sign(real[i % real.length]) })));
  checks.equal('forty deliveries at once', [...new Set(answers)], [200]);
  checks.check('and it is paid once', await until(async () => (await plan_of(shop, 'eve')) === 'premium'));
  await client.close();
}

async function reorders(shop) {
  await shop.control('webhooks/hold');
  const buyers = Array.from({ length: 9 }, (_, i) => `r${i}`);
  await Promise.all(buyers.map(async (user, i) => {
    const client = await customer(shop, { kind: kinds[i % 3], token: await shop.token(user) });
    const { said } = await client.call('upgrade', { plan: i % 2 ? 'yearly' : 'monthly' });
    await shop.control(`pay/${said.sessionId}${i % 3 === 0 ? '?delayed=true' : ''}`);
    if (i % 3 === 0) await shop.control(`settle/${said.sessionId}?paid=${i % 2 === 0}`);
    if (i % 3 === 1) {
      const session = await session_of(shop, user);
      await shop.control(`cancel/${session.subscription}`);
    }
    await client.close();
  }));
  const { events } = await shop.control('webhooks/release?order=reversed&copies=3');
  checks.check('held back, reversed and tripled', events > 25, events);
  // Paid at once; delayed and arrived (even) or failed (odd); paid and cancelled.
  const expected = buyers.map((_, i) => (i % 3 === 1 || (i % 3 === 0 && i % 2 === 1) ? 'free' : 'premium'));
  let got;
  const as_expected = async () => {
    got = [];
    for (const user of buyers) got.push(await plan_of(shop, user));
    return JSON.stringify(got) === JSON.stringify(expected);
  };
  await until(as_expected);
  // And stays so, whatever is still on its way.
  await sleep(1000);
  await as_expected();
  checks.equal('ends as Stripe has it', got, expected);
}

async function stripe_fails(shop) {
  const client = await customer(shop, { token: await shop.token('una') });
  await shop.control('fail?path=/v1/customers&status=500&times=3&should_retry=false');
  await shop.control('fail?path=/v1/checkout/sessions&status=503&times=9');
  await shop.control('fail?path=/v1/subscriptions&status=429&times=2');
  let begun;
  let tries = 0;
  await until(async () => { tries += 1; begun = await client.call('upgrade', { plan: 'monthly' }); return begun.ok; }, 60_000);
  checks.check('an ailing Stripe is overcome', begun.ok && tries > 1, { tries, text: begun.text });
  checks.check('its words are not passed on', !/told to fail|stripe/i.test(begun.text));
  await shop.control(`pay/${begun.said.sessionId}`);
  checks.check('and the purchase is whole', await until(async () => (await plan_of(shop, 'una')) === 'premium'));
  checks.equal('with one session that can be paid', (await shop.all('checkout/sessions')).filter((one) => one.metadata.userId === subject('una') && one.status !== 'expired').length, 1);

  // Paid while Stripe answers nobody: the gate says so and sells nothing a second time.
  const late = await customer(shop, { token: await shop.token('vera') });
  const { said } = await late.call('upgrade', { plan: 'monthly' });
  await shop.control('webhooks/hold');
  await shop.control(`pay/${said.sessionId}`);
  await shop.control('fail?path=/v1/checkout/sessions&status=500&times=6');
  await sleep(5200);  // a gate asks about an open checkout every five seconds
  const unsure = await late.call('premiumFeature', { data: 'x' });
  checks.check('not known is neither free nor sold', !unsure.ok && !unsure.said.paymentUrl, unsure.text);
  checks.check('found without any webhook', await until(async () => (await late.call('premiumFeature', { data: 'x' })).ok));
  await shop.control('webhooks/release?order=reversed&copies=2');
  checks.equal('one subscription', (await shop.all('subscriptions', '&status=all')).filter(({ metadata }) => metadata.userId === subject('vera')).length, 1);
  await Promise.all([client.close(), late.close()]);
}

async function payment_due(shop) {
  const client = await customer(shop, { token: await shop.token('wanda') });
  const { said } = await client.call('upgrade', { plan: 'monthly' });
  await shop.control(`pay/${said.sessionId}`);
  checks.check('paid', await until(async () => (await plan_of(shop, 'wanda')) === 'premium'));
  const { subscription } = await session_of(shop, 'wanda');
  await shop.control(`status/${subscription}?status=unpaid`);
  await until(async () => (await plan_of(shop, 'wanda')) === 'free');
  const due = await client.call('premiumFeature', { data: 'x' });
  checks.equal('an unpaid subscription is not sold anew', due.said.status, 'payment_due');
  checks.check('but leads to where the card is changed', due.said.paymentUrl?.startsWith(`${shop.base}/billing/manage/`), due.said);
  const stranger = await browse(due.said.paymentUrl, 'mallory');
  checks.check('for its owner only', stranger.status === 403 && !/wanda|sub_|cus_/.test(stranger.text), stranger.text);
  const portal = await browse(due.said.paymentUrl, 'wanda');
  checks.check('at the portal', portal.url.pathname.startsWith('/p/session/'), portal.url.href);
  await fetch(portal.url, { method: 'POST', redirect: 'manual', headers: { origin: portal.url.origin },
    body: new URLSearchParams({ subscription, action: 'pay_due' }) });
  checks.check('paid there, it goes on', await until(async () => (await client.call('premiumFeature', { data: 'x' })).ok));
  checks.equal('with one subscription', (await shop.all('subscriptions', '&status=all')).filter(({ metadata }) => metadata.userId === subject('wanda')).length, 1);
  await client.close();
}

// A Stripe that takes its time: webhooks are answered all the same, and what they bring about follows when it can.
async function slow_stripe() {
  let held = [];
  let holding = false;
  let target;
  const proxy = http.createServer((request, response) => {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      const onward = () => http.request(`${target}${request.url}`, { method: request.method, headers: { ...request.headers, host: new URL(target).host } }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      }).end(Buffer.concat(pieces));
      if (holding && request.method === 'GET') held.push(onward);
      else onward();
    });
  });
  await new Promise((resolve) => { proxy.listen(0, '127.0.0.1', resolve); });
  const place = await open_shop({ environment: { STRIPE_API_BASE: `http://127.0.0.1:${proxy.address().port}` } });
  target = place.sandbox_url;
  await place.restart();
  const client = await customer(place, { token: await place.token('xena') });
  const { said } = await client.call('upgrade', { plan: 'monthly' });
  await place.control('webhooks/hold');
  await place.control(`pay/${said.sessionId}`);
  holding = true;
  const bodies = (await place.all('events')).map((one) => JSON.stringify(one));
  const answers = await Promise.all(bodies.map((body) => place.deliver(body)));
  checks.equal('webhooks are answered while Stripe says nothing', [...new Set(answers)], [200]);
  checks.check('though it was asked', await until(() => held.length > 0));
  checks.equal('and once more', [...new Set(await Promise.all(bodies.map((body) => place.deliver(body))))], [200]);
  holding = false;
  for (const onward of held) onward();
  held = [];
  checks.check('then they are applied', await until(async () => (await plan_of(place, 'xena')) === 'premium'));
  await client.close();
  await place.close();
  proxy.close();
  proxy.closeAllConnections();
}

// One call over a bare connection that hangs up after `ms`.
async function hangs_up(shop, token, tool, input, ms) {
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientInfo': { name: 'm', version: '1' }, 'io.modelcontextprotocol/clientCapabilities': {} };
  try {
    const answer = await fetch(`${shop.base}/mcp`, {
      method: 'POST', signal: AbortSignal.timeout(ms),
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', authorization: `Bearer ${token}`,
        'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': tool },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: input, _meta: meta } }),
    });
    const text = await answer.text();
    return /A picture of/.test(text);
  } catch {
    return undefined;
  }
}

async function spends() {
  const shop = await open_shop({ program: 'metered-tool', environment: { STRIPE_CREDITS_PRICE_ID: 'price_pack', STRIPE_USAGE_PRICE_ID: 'price_usage' } });
  await shop.restart();
  const token = await shop.token('ada');
  const client = await customer(shop, { token });
  const balance = async () => (await client.call('balance')).said.credits;
  await client.call('draw', { motif: 'x' });
  await shop.control('webhooks/hold');
  await shop.control(`pay/${(await session_of(shop, 'ada')).id}`);
  await shop.control('webhooks/release?order=reversed&copies=5');
  checks.check('ten credits, however often it is said', await until(async () => (await balance()) === 10));
  await client.call('draw', { motif: '' });
  checks.equal('a call that fails costs nothing', await balance(), 10);

  const callers = await Promise.all(kinds.map((kind) => customer(shop, { kind, token })));
  const outcomes = await Promise.all(Array.from({ length: 30 }, (_, i) => callers[i % 3].call('draw', { motif: `m${i}` }).catch(() => ({ ok: false }))));
  checks.equal('thirty calls at once, ten pictures', outcomes.filter(({ ok }) => ok).length, 10);
  checks.equal('nothing is left', await balance(), 0);
  for (const one of callers) await one.close();

  // Ten more; forty calls that hang up at any moment.
  await shop.control(`pay/${(await shop.all('checkout/sessions')).find(({ status }) => status === 'open').id}`);
  await until(async () => (await balance()) === 10);
  const hung = await Promise.all(Array.from({ length: 40 }, (_, i) => hangs_up(shop, token, 'draw', { motif: `h${i}` }, 2 + i * 2)));
  const drawn = hung.filter(Boolean).length;
  // The last calls may not even have begun; each ends with what it cost, or with nothing, long before its hold runs out.
  await sleep(500);
  const database = new DatabaseSync(shop.database, { readOnly: true });
  const states = () => database.prepare('SELECT state, COUNT(*) AS n FROM billing_credits GROUP BY state').all();
  const settled = await until(() => !states().some(({ state }) => state === 'reserved'), 60_000);
  checks.check('no credit is held for ever', settled, states());
  database.close();
  const left = await balance();
  checks.check('and who hangs up gets nothing for free', drawn <= 10 - left && left >= 0, { drawn, left });

  // A webhook that does not come: Stripe is asked before anybody is told to pay again.
  const grace = await customer(shop, { token: await shop.token('grace') });
  await grace.call('draw', { motif: 'x' });
  await shop.control('webhooks/hold');
  await shop.control(`pay/${(await session_of(shop, 'grace')).id}`);
  checks.check('paid, and its webhook is lost: the next call is served', (await grace.call('draw', { motif: 'x' })).ok);
  const sold = (await shop.all('checkout/sessions')).filter(({ metadata }) => metadata.userId === subject('grace'));
  checks.equal('and nothing is sold a second time', sold.length, 1);
  await shop.control('webhooks/release');
  await grace.close();

  // Metered use: a customer who began a checkout and left it is nobody who could be billed.
  const mallory = await customer(shop, { token: await shop.token('mallory') });
  const refused = await mallory.call('translate', { text: 'a' });
  checks.equal('use without a subscription', [refused.ok, refused.said.status], [false, 'payment_required']);
  checks.check('a second time neither', !(await mallory.call('translate', { text: 'a' })).ok);
  const subscription = await session_of(shop, 'mallory');
  checks.equal('what is offered is billed by use', subscription.mode, 'subscription');
  await shop.control(`pay/${subscription.id}`);
  checks.check('once subscribed it works', await until(async () => (await mallory.call('translate', { text: 'a' })).ok));
  await mallory.close();
  await client.close();
  await shop.close();
}

const shop = await open_shop();
await shop.restart();
for (const part of [asks_nicely, forges, reorders, payment_due, stripe_fails, (one) => replays(checks, one)])
  await checks.step(part.name || 'replays', () => part(shop));
const leaked = shop.service.output().match(/cs_test_\w+|eyJ[\w-]{20,}|\/p\/session\/\w+|whsec_\w+|sk_test_\w+/g) ?? [];
checks.equal('no token, link or secret in the log', leaked, []);
await shop.close();
await checks.step('slow Stripe', slow_stripe);
await checks.step('spends', spends);
checks.finish();
