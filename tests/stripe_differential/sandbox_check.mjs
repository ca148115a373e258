// The sandbox (`leanmcp sandbox`) as the official packages see it: stripe's client, unchanged, and jose.

import {createHash, randomBytes} from 'node:crypto';
import http from 'node:http';
import {createRemoteJWKSet, jwtVerify} from 'jose';
import Stripe from 'stripe';
import {free_port, sleep, start} from '../support/process.mjs';
import {browse, subject} from '../support/shop.mjs';

const secret = 'whsec_sandbox_check';
const price = 'price_monthly';

async function webhook_receiver() {
  const received = [];
  let refuse = 0;
  const server = http.createServer((request, response) => {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      received.push({body: Buffer.concat(pieces), header: request.headers['stripe-signature']});
      response.writeHead(refuse-- > 0 ? 503 : 200).end();
    });
  });
  const port = await free_port();
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${port}/webhook/stripe`,
    received,
    refuse_next: (count) => (refuse = count),
    wait_for: async (count) => {
      for (let i = 0; i < 1200 && received.length < count; i += 1) await sleep(50);
      return received.splice(0);
    },
    stop: () => (server.close(), server.closeAllConnections()),
  };
}

async function payments(base, stripe, webhooks, check) {
  const error_of = (promise) => promise.then(() => ({}), (error) => error);
  const events_of = (deliveries) =>
    deliveries.map(({body, header}) => stripe.webhooks.constructEvent(body, header, secret));

  const customer = await stripe.customers.create({email: 'ada@example.com', metadata: {userId: 'ada'}});
  check(customer.id.startsWith('cus_') && customer.metadata.userId === 'ada', 'a customer is made', customer);
  check((await stripe.customers.retrieve(customer.id)).email === 'ada@example.com', 'and read');
  await webhooks.wait_for(1);

  const params = {
    mode: 'subscription', customer: customer.id, line_items: [{price, quantity: 1}],
    success_url: 'http://127.0.0.1:1/success?session_id={CHECKOUT_SESSION_ID}', cancel_url: 'http://127.0.0.1:1/cancelled',
    metadata: {userId: 'ada'}, subscription_data: {metadata: {userId: 'ada'}},
  };
  const session = await stripe.checkout.sessions.create(params, {idempotencyKey: 'k1'});
  check(session.status === 'open' && session.url.startsWith(base), 'a session is made', session);
  const again = await stripe.checkout.sessions.create(params, {idempotencyKey: 'k1'});
  check(again.id === session.id && again.lastResponse.headers['idempotent-replayed'] === 'true', 'the same key, the same session');
  const conflict = await error_of(stripe.checkout.sessions.create({...params, mode: 'payment'}, {idempotencyKey: 'k1'}));
  check(conflict instanceof Stripe.errors.StripeIdempotencyError, 'the same key for something else is refused', conflict.type);
  const expanded = await stripe.checkout.sessions.retrieve(session.id, {expand: ['customer', 'line_items']});
  check(expanded.customer.id === customer.id && expanded.line_items.data[0].price.unit_amount === 999, 'expansion');

  const page = await (await fetch(session.url)).text();
  check(page.includes('Sandbox') && !page.includes('<script'), 'the checkout page');
  const press = (action) =>
    fetch(session.url, {method: 'POST', redirect: 'manual', body: new URLSearchParams({action}),
      headers: {origin: base}});
  check((await press('decline')).status === 402, 'a declined card');
  check((await stripe.checkout.sessions.retrieve(session.id)).status === 'open', 'changes nothing');
  webhooks.refuse_next(1);
  const paid = await press('pay');
  check(paid.headers.get('location') === `http://127.0.0.1:1/success?session_id=${session.id}`, 'paid', paid.status);
  const deliveries = await webhooks.wait_for(4);
  const types = events_of(deliveries).map((event) => event.type);
  for (const type of ['customer.subscription.created', 'checkout.session.completed', 'invoice.paid'])
    check(types.includes(type), `${type} arrives signed`, types);
  check(types.length === 4, 'the one that was refused came again', types);

  const done = await stripe.checkout.sessions.retrieve(session.id, {expand: ['subscription']});
  check(done.payment_status === 'paid' && done.url === null, 'the session is complete');
  check(done.subscription.status === 'active' && done.subscription.metadata.userId === 'ada', 'the subscription is active');
  check(done.subscription.items.data[0].current_period_end > Date.now() / 1000, 'with its period on the item');
  const late = await error_of(stripe.checkout.sessions.expire(session.id));
  check(late instanceof Stripe.errors.StripeInvalidRequestError, 'a paid session does not expire', late.type);

  const other = await stripe.checkout.sessions.create(params);
  check((await stripe.checkout.sessions.expire(other.id)).status === 'expired', 'an open one does');
  check((await stripe.subscriptions.list({customer: customer.id, status: 'all'})).data.length === 1, 'subscriptions are listed');
  const ending = await stripe.subscriptions.update(done.subscription.id, {cancel_at_period_end: true});
  check(ending.cancel_at_period_end === true, 'a subscription ends with its period');
  check((await stripe.subscriptions.cancel(done.subscription.id)).status === 'canceled', 'or at once');
  const seen = [];
  for await (const event of stripe.events.list({limit: 2})) seen.push(event.id);
  check(seen.length >= 7 && new Set(seen).size === seen.length, 'events page by page', seen.length);
  const created = await stripe.events.list({types: ['customer.created'], created: {gte: 1}});
  check(created.data.length === 1, 'events by type');
  const portal = await stripe.billingPortal.sessions.create({customer: customer.id, return_url: 'http://127.0.0.1:1/'});
  check((await fetch(portal.url)).status === 200, 'the portal');
  check((await stripe.prices.retrieve('price_yearly')).unit_amount === 9900, 'prices');
  const meter = {event_name: 'calls', payload: {stripe_customer_id: customer.id, value: '1'}, identifier: 'once'};
  check((await stripe.billing.meterEvents.create(meter)).identifier === 'once', 'a meter event');
  check((await error_of(stripe.billing.meterEvents.create(meter))).statusCode === 400, 'counts once');

  const missing = await error_of(stripe.checkout.sessions.retrieve('cs_none'));
  check(missing.code === 'resource_missing' && missing.statusCode === 404 && missing.requestId, 'a missing object');
  const unknown = await error_of(stripe.checkout.sessions.create({...params, payment_method_types: ['card']}));
  check(unknown.code === 'parameter_unknown', 'a parameter that is gone', unknown.code);

  // Held back, reversed and doubled.
  const control = (path) => fetch(`${base}/sandbox/${path}`, {method: 'POST'}).then((answer) => answer.json());
  // What is still on its way is not what is held back.
  for (let seen = -1; seen !== webhooks.received.length;) {
    seen = webhooks.received.length;
    await sleep(1500);
  }
  webhooks.received.length = 0;
  await control('webhooks/hold');
  const third = await stripe.checkout.sessions.create(params);
  check((await control(`pay/${third.id}?delayed=true`)).done, 'paid by script, delayed');
  check((await control(`settle/${third.id}?paid=true`)).done, 'and settled');
  await sleep(200);
  check(webhooks.received.length === 0, 'held back');
  const released = await control('webhooks/release?order=reversed&copies=2');
  const doubled = events_of(await webhooks.wait_for(released.events * 2)).map((event) => event.id);
  check(doubled.length === released.events * 2 && new Set(doubled).size === released.events, 'each twice', doubled.length);
  check((await control('clock?advance=2700000')).done, 'time moves on');
  const renewed = events_of(await webhooks.wait_for(2)).map((event) => event.type);
  check(renewed.includes('invoice.paid'), 'and renews', renewed);
}

// One-time payments, refunds and disputes, changes of plan, cards that are declined, metered prices, test clocks.
async function money(base, stripe, check) {
  const control = (path) => fetch(`${base}/sandbox/${path}`, {method: 'POST'}).then((answer) => answer.json());
  const error_of = (promise) => promise.then(() => ({}), (error) => error);
  const start = Math.floor(Date.now() / 1000);
  const clock = await stripe.testHelpers.testClocks.create({frozen_time: start, name: 'a year in a minute'});
  check(clock.status === 'ready' && clock.frozen_time === start, 'a test clock', clock);
  const customer = await stripe.customers.create({email: 'grace@example.com', test_clock: clock.id});
  const urls = {success_url: 'http://127.0.0.1:1/success', cancel_url: 'http://127.0.0.1:1/cancelled', customer: customer.id};

  const once = await stripe.checkout.sessions.create({
    ...urls, mode: 'payment', line_items: [{price: 'price_pack', quantity: 2}], payment_intent_data: {metadata: {userId: 'grace'}},
  });
  await control(`pay/${once.id}`);
  const bought = await stripe.checkout.sessions.retrieve(once.id, {expand: ['payment_intent']});
  check(bought.payment_intent.status === 'succeeded' && bought.payment_intent.amount === 1000, 'a one-time payment', bought);
  check(bought.payment_intent.metadata.userId === 'grace', 'with its metadata');
  const payment = bought.payment_intent.id;
  const part = await stripe.refunds.create({payment_intent: payment, amount: 300});
  check(part.amount === 300 && part.status === 'succeeded', 'a part goes back', part);
  check((await stripe.paymentIntents.retrieve(payment, {expand: ['latest_charge']})).latest_charge.amount_refunded === 300, 'as the charge says');
  await stripe.refunds.create({payment_intent: payment});
  check((await stripe.charges.retrieve(part.charge)).refunded === true, 'then all of it');
  check((await error_of(stripe.refunds.create({payment_intent: payment}))).statusCode === 400, 'and no more');
  check((await control(`dispute/${payment}?status=needs_response`)).done, 'a dispute');
  const [dispute] = (await stripe.disputes.list({payment_intent: payment})).data;
  check(dispute.status === 'needs_response' && (await stripe.disputes.retrieve(dispute.id)).charge === part.charge, 'is listed', dispute);

  const session = await stripe.checkout.sessions.create({...urls, mode: 'subscription', line_items: [{price: 'price_monthly', quantity: 1}, {price: 'price_usage'}]});
  await control(`pay/${session.id}`);
  const {subscription: id} = await stripe.checkout.sessions.retrieve(session.id);
  const held = await stripe.subscriptions.retrieve(id);
  check(held.items.data.length === 2 && held.items.data[1].price.recurring.usage_type === 'metered', 'a metered price goes with it', held.items);
  check((await error_of(stripe.checkout.sessions.create({...urls, mode: 'subscription', line_items: [{price: 'price_usage', quantity: 1}]}))).statusCode === 400,
    'but has no quantity');
  const change = {items: [{id: held.items.data[0].id, price: 'price_yearly'}], proration_behavior: 'always_invoice', payment_behavior: 'error_if_incomplete'};
  await control(`card/${customer.id}?declines=true`);
  const declined = await error_of(stripe.subscriptions.update(id, change));
  check(declined instanceof Stripe.errors.StripeCardError && declined.decline_code === 'generic_decline', 'a declined card changes nothing', declined.type);
  check((await stripe.subscriptions.retrieve(id)).items.data[0].price.id === 'price_monthly', 'indeed');

  await stripe.testHelpers.testClocks.advance(clock.id, {frozen_time: start + 32 * 86_400});
  check((await stripe.subscriptions.retrieve(id)).status === 'past_due', 'a renewal that fails');
  const portal = await stripe.billingPortal.sessions.create({customer: customer.id, return_url: 'http://127.0.0.1:1/'});
  const press = (action) => fetch(portal.url, {method: 'POST', redirect: 'manual', headers: {origin: base}, body: new URLSearchParams({subscription: id, action})});
  check((await (await fetch(portal.url)).text()).includes('The last payment failed'), 'is said at the portal');
  check((await press('pay_due')).status === 303 && (await stripe.subscriptions.retrieve(id)).status === 'active', 'and paid there');
  const changed = await stripe.subscriptions.update(id, change);
  check(changed.items.data[0].price.id === 'price_yearly', 'the plan is changed', changed.items);
  check((await press('plan:price_monthly')).status === 303, 'and changed back at the portal');
  check((await stripe.subscriptions.retrieve(id)).items.data[0].price.id === 'price_monthly', 'as it should');
  await press('cancel');
  await stripe.testHelpers.testClocks.advance(clock.id, {frozen_time: start + 90 * 86_400});
  check((await stripe.subscriptions.retrieve(id)).status === 'canceled', 'what was ended ends with its period');
  const events = (await stripe.events.list({types: ['charge.refunded', 'charge.dispute.created', 'invoice.payment_failed', 'test_helpers.test_clock.ready']})).data;
  check(new Set(events.map(({type}) => type)).size === 4, 'all of it made events', events.map(({type}) => type));
  check((await stripe.testHelpers.testClocks.del(clock.id)).deleted === true, 'the clock goes');

  await control('fail?path=/v1/customers&status=503');
  const patient = new Stripe('sk_test_sandbox', {host: new URL(base).hostname, port: new URL(base).port, protocol: 'http', maxNetworkRetries: 2, telemetry: false});
  const kept = await error_of(patient.customers.create({}, {idempotencyKey: 'kept'}));
  check(kept.statusCode === 503, 'a failure is kept under its key', kept.statusCode);
  await control('fail?path=/v1/customers&status=429&times=1&should_retry=true');
  check((await patient.customers.create({})).object === 'customer', 'a fault that is over is overcome');
}

async function keys(base, check) {
  const url = new URL(base);
  const status_of = (key) =>
    new Stripe(key, {host: url.hostname, port: url.port, protocol: 'http', maxNetworkRetries: 0})
      .customers.list().then(() => 200, (error) => error);
  check((await status_of('sk_test_other')) === 200, 'any test key');
  for (const key of ['sk_live_abc', 'rk_live_abc']) {
    const refused = await status_of(key);
    check(refused instanceof Stripe.errors.StripeAuthenticationError || refused.statusCode === 401, 'no live key', refused.type);
    check(!refused.message.includes(key), 'and it is not repeated');
  }
}

async function identity(base, audience, check) {
  const metadata = await (await fetch(`${base}/.well-known/openid-configuration`)).json();
  const jwks = createRemoteJWKSet(new URL(metadata.jwks_uri));
  const verify = (token, options = {}) => jwtVerify(token, jwks, {issuer: base, audience, algorithms: ['ES256'], ...options});
  const quick = await (await fetch(`${base}/token?user=ada`)).text();
  const {payload, protectedHeader} = await verify(quick, {typ: 'at+jwt'});
  check(payload.sub === subject('ada') && payload.scope === 'openid profile email', 'a token for scripts', payload);
  check(Boolean(protectedHeader.kid), 'names its key');
  const expired = await (await fetch(`${base}/token?user=ada&expires_in=-60`)).text();
  check(await verify(expired).then(() => false, (error) => error.code === 'ERR_JWT_EXPIRED'), 'an expired one');

  const redirect_uri = 'http://127.0.0.1:1/callback';
  const registered = await (await fetch(metadata.registration_endpoint, {
    method: 'POST', headers: {'content-type': 'application/json'},
    body: JSON.stringify({redirect_uris: [redirect_uri], client_name: 'check', token_endpoint_auth_method: 'none'}),
  })).json();
  const {client_id} = registered;
  const verifier = randomBytes(32).toString('base64url');
  const request = {
    client_id, redirect_uri, response_type: 'code', scope: 'openid profile', state: 's', nonce: 'n', resource: audience,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256',
  };
  const begin = `${metadata.authorization_endpoint}?${new URLSearchParams(request)}`;
  const page = await browse(begin);
  check(page.status === 200 && /default-src 'none'/.test(page.headers.get('content-security-policy')), 'the consent page');
  check(/check/.test(page.text) && /\(sandbox\)/.test(page.text) && !/<script/.test(page.text), 'says who asks, and that it is a sandbox');
  const back = await browse(begin, 'grace', {within: base});
  check(back.url.href.startsWith(redirect_uri), 'signs in by password', back.url.href);
  check(back.url.searchParams.get('state') === 's' && back.url.searchParams.get('iss') === base, 'back with state and issuer');
  const tokens = await (await fetch(metadata.token_endpoint, {
    method: 'POST',
    body: new URLSearchParams({grant_type: 'authorization_code', client_id, redirect_uri, code: back.url.searchParams.get('code'), code_verifier: verifier}),
  })).json();
  check((await verify(tokens.access_token)).payload.sub === subject('grace'), 'the access token');
  check((await verify(tokens.id_token, {audience: client_id})).payload.nonce === 'n', 'the id token');
  const info = await (await fetch(metadata.userinfo_endpoint, {headers: {authorization: `Bearer ${tokens.access_token}`}})).json();
  check(info.name === 'Grace Hopper', 'userinfo', info);
  const foreign = await fetch(`${base}/consent`, {
    method: 'POST', redirect: 'manual', body: new URLSearchParams({allow: 'local'}), headers: {origin: 'https://evil.example'},
  });
  check(foreign.status === 403, 'no other site can press the button', foreign.status);
  const taken = await fetch(`${base}/token?user=ada`, {headers: {origin: 'https://evil.example'}});
  check(taken.status === 403, 'nor take a token', taken.status);
  const rebound = await new Promise((resolve) =>
    http.get(`${base}/token?user=ada`, {headers: {host: 'evil.example'}}, (answer) => resolve(answer.statusCode)));
  check(rebound === 403, 'no other host name is served', rebound);
}

export async function check_sandbox(check) {
  const webhooks = await webhook_receiver();
  const port = await free_port();
  const base = `http://127.0.0.1:${port}`;
  const audience = 'http://127.0.0.1:3000/mcp';
  const sandbox = await start('leanmcp', ['sandbox', '--port', port, '--audience', audience, '--webhook-url', webhooks.url,
    '--webhook-secret', secret], {ready: `${base}/health`});
  try {
    const stripe = new Stripe('sk_test_sandbox', {host: '127.0.0.1', port, protocol: 'http', maxNetworkRetries: 0, telemetry: false});
    await payments(base, stripe, webhooks, check);
    await money(base, stripe, check);
    await keys(base, check);
    await identity(base, audience, check);
    check(!sandbox.output().includes('sk_live'), 'prints no key');
  } finally {
    const code = await sandbox.stop();
    check(code === 0 || sandbox.code === 0, 'ends when told', code, sandbox.code, sandbox.output());
    webhooks.stop();
  }
  for (const args of [['--webhook-url', 'http://example.com/'], ['--webhook-url', 'http://127.0.0.1.example.com/'], ['--stripe-key', 'sk_live_x']]) {
    const refused = await start('leanmcp', ['sandbox', '--port', '0', ...args]);
    await refused.exited;
    check(refused.code !== 0, 'refuses', args, refused.output());
  }
}
