// What billing sends, captured between the programs and the sandbox, must be what stripe's own types allow: each request,
// decoded, becomes an object literal that the TypeScript compiler checks under --strict.

import http from 'node:http';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import ts from 'typescript';
import {customer, open_shop} from '../support/shop.mjs';
import {sleep} from '../support/process.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));

// Stands between a program and the sandbox and keeps what goes through.
async function recorder() {
  const recorded = [];
  let target;
  const server = http.createServer((request, response) => {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      const body = Buffer.concat(pieces).toString();
      recorded.push({method: request.method, path: request.url.split('?')[0], headers: request.headers, form: body || (request.url.split('?')[1] ?? '')});
      const onward = http.request(`${target}${request.url}`, {method: request.method, headers: {...request.headers, host: new URL(target).host}}, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      onward.end(body);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    recorded,
    url: `http://127.0.0.1:${server.address().port}`,
    to: (url) => (target = url),
    stop: () => (server.close(), server.closeAllConnections()),
  };
}

// a[b][0]=c → nested; numbers and booleans as the types have them, texts where anything may stand.
function decode(form) {
  const out = {};
  for (const [name, value] of new URLSearchParams(form)) {
    const keys = [...name.matchAll(/([^[\]]+)/g)].map(([, key]) => key);
    const free = keys.includes('metadata') || keys.includes('payload') || keys[0] === 'identifier';
    const typed = free ? value : value === 'true' ? true : value === 'false' ? false : /^\d+$/.test(value) ? Number(value) : value;
    let at = out;
    keys.forEach((key, i) => {
      if (i === keys.length - 1) at[key] = typed;
      else at = at[key] ??= /^\d+$/.test(keys[i + 1]) ? [] : {};
    });
  }
  return out;
}

const params_of = [
  [/^\/v1\/checkout\/sessions$/, 'POST', 'Stripe.Checkout.SessionCreateParams'],
  [/^\/v1\/customers$/, 'POST', 'Stripe.CustomerCreateParams'],
  [/^\/v1\/billing_portal\/sessions$/, 'POST', 'Stripe.BillingPortal.SessionCreateParams'],
  [/^\/v1\/billing\/meter_events$/, 'POST', 'Stripe.Billing.MeterEventCreateParams'],
  [/^\/v1\/subscriptions\/[^/]+$/, 'POST', 'Stripe.SubscriptionUpdateParams'],
  [/^\/v1\/subscriptions$/, 'GET', 'Stripe.SubscriptionListParams'],
  [/^\/v1\/events$/, 'GET', 'Stripe.EventListParams'],
  [/^\/v1\/payment_intents\/[^/]+$/, 'GET', 'Stripe.PaymentIntentRetrieveParams'],
];

// The compiler's complaints about `const x: <type> = <value>` for each pair, by their index.
function complaints(pairs) {
  const file = path.join(here, 'captured.mts');
  const text = "import type Stripe from 'stripe';\n" +
    pairs.map(([type, value], i) => `export const x${i}: ${type} = ${JSON.stringify(value)};`).join('\n') + '\n';
  const options = {
    strict: true, noEmit: true, skipLibCheck: true, types: [], target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext,
  };
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) => (name === file ? ts.createSourceFile(name, text, options.target, true) : read(name, ...rest));
  const exists = host.fileExists.bind(host);
  host.fileExists = (name) => name === file || exists(name);
  const found = new Map();
  for (const one of ts.getPreEmitDiagnostics(ts.createProgram([file], options, host))) {
    const line = one.file ? one.file.getLineAndCharacterOfPosition(one.start).line - 1 : -1;
    found.set(line, ts.flattenDiagnosticMessageText(one.messageText, '\n').slice(0, 400));
  }
  return found;
}

export async function check_types(check) {
  const middle = await recorder();
  const environment = {STRIPE_API_BASE: middle.url};
  const premium = await open_shop({environment});
  middle.to(premium.sandbox_url);
  await premium.restart();
  const token = await premium.token('ada');
  const client = await customer(premium, {token});
  const {said} = await client.call('upgrade', {plan: 'monthly'});
  await premium.control(`pay/${said.sessionId}`);
  await sleep(300);
  check((await client.call('premiumFeature', {data: 'x'})).ok, 'sold through the recorder');
  await client.close();
  await premium.close();

  const metered = await open_shop({
    program: 'metered-tool',
    environment: {...environment, STRIPE_CREDITS_PRICE_ID: 'price_pack', STRIPE_USAGE_PRICE_ID: 'price_usage'},
  });
  middle.to(metered.sandbox_url);
  await metered.restart();
  const buyer = await customer(metered, {token: await metered.token('ada')});
  const {said: offer} = await buyer.call('draw', {motif: 'a tree'});
  const sessions = async () => metered.all('checkout/sessions');
  await metered.control(`pay/${(await sessions())[0].id}`);
  await sleep(300);
  check((await buyer.call('draw', {motif: 'a tree'})).ok, 'credits sold through the recorder', offer);
  await buyer.call('translate', {text: 'a tree'});
  const subscription = (await sessions()).find(({mode}) => mode === 'subscription');
  await metered.control(`pay/${subscription.id}`);
  await sleep(300);
  check((await buyer.call('translate', {text: 'a tree'})).ok, 'use sold through the recorder');
  await buyer.close();
  await metered.close();
  middle.stop();

  const pairs = [];
  const counts = {};
  for (const {method, path: url, form} of middle.recorded) {
    const known = params_of.find(([pattern, verb]) => verb === method && pattern.test(url));
    if (!known) continue;
    pairs.push([known[2], decode(form)]);
    counts[known[2]] = (counts[known[2]] ?? 0) + 1;
  }
  for (const type of ['Checkout.SessionCreateParams', 'CustomerCreateParams', 'Billing.MeterEventCreateParams', 'EventListParams', 'SubscriptionListParams'])
    check(counts[`Stripe.${type}`] > 0, `captured ${type}`, counts);
  const modes = pairs.filter(([type]) => type.includes('Checkout')).map(([, value]) => value.mode);
  check(modes.includes('subscription') && modes.includes('payment'), 'both modes were captured', modes);
  // What must be refused, so that a compiler that checks nothing is noticed.
  const wrong = [
    ['Stripe.Checkout.SessionCreateParams', {mode: 'payment', payment_method_types: ['card']}],
    ['Stripe.Checkout.SessionCreateParams', {mode: 'payment', line_items: [{price: 'price_1', quantity: 'one'}]}],
    ['Stripe.Checkout.SessionCreateParams', {mode: 'payment', expires_at: 'soon'}],
    ['Stripe.Billing.MeterEventCreateParams', {event_name: 'x'}],
  ];
  const found = complaints([...pairs, ...wrong]);
  for (const [i, [type, value]] of pairs.entries()) check(!found.has(i), type, JSON.stringify(value), found.get(i));
  for (const [i, [type, value]] of wrong.entries()) check(found.has(pairs.length + i), 'this is refused', type, value);
  check(!found.has(-1), 'the compiler runs', found.get(-1));
  for (const {method, path: url, headers} of middle.recorded) {
    check(headers['stripe-version'] === '2026-10-28.endive', 'the version is pinned', url, headers);
    if (method === 'POST') check(Boolean(headers['idempotency-key']), 'a POST has an idempotency key', url);
  }
  console.log(`types: ${pairs.length} requests of ${Object.keys(counts).length} kinds`);
}
