// Compares us with the official stripe package: parameter encoding, webhook signatures both ways, retries; and runs it
// against our sandbox.
// Usage: node check.mjs [path/to/stripe-lines [seed]]

import {spawn} from 'node:child_process';
import http from 'node:http';
import path from 'node:path';
import readline from 'node:readline';
import Stripe from 'stripe';
import {bin} from '../support/process.mjs';
import {check_sandbox} from './sandbox_check.mjs';
import {check_types} from './types_check.mjs';

const [program = path.join(bin, 'stripe-lines'), seedText = '1'] = process.argv.slice(2);
const child = spawn(program, {stdio: ['pipe', 'pipe', 'inherit']});
const waiting = [];
readline.createInterface({input: child.stdout}).on('line', (line) => waiting.shift()(JSON.parse(line)));
child.on('exit', (code) => {
  if (waiting.length) {
    console.error(`${program} ended with ${code}`);
    process.exit(1);
  }
});
const ask = (question) =>
  new Promise((resolve) => {
    waiting.push(resolve);
    child.stdin.write(JSON.stringify(question) + '\n');
  });

let passed = 0;
let failed = 0;
const check = (good, what, ...more) => {
  if (good) {
    passed += 1;
  } else if (++failed <= 20) {
    console.error('FAILED', what, ...more);
  }
};

// A small generator with a seed (mulberry32), so that a failure can be repeated.
let state = Number(seedText) >>> 0;
const random = () => {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];

// 1. Encoding: what the package puts on the wire for a tree, against our encoder.

let captured = '';
class Capture extends Stripe.HttpClient {
  getClientName() {
    return 'capture';
  }
  async makeRequest(host, port, path, method, headers, body) {
    captured = body;
    return {
      getStatusCode: () => 200,
      getHeaders: () => ({}),
      getRawResponse: () => ({}),
      toStream: () => null,
      toJSON: async () => ({}),
      dispose: () => {},
    };
  }
}
const encoder = new Stripe('sk_test_123', {httpClient: new Capture(), maxNetworkRetries: 0, telemetry: false});

const pieces = ['a', 'Z', '0', ' ', '!', '*', '(', ')', "'", '~', '-', '_', '.', '[', ']', '{', '}', '&', '=', '+', '%', '%5B',
  '/', '\\', '?', '#', '"', '<', '\n', '\r', '\t', '\u0000', '\u007f', 'é', 'ß', '漢', '😀', '\u2028', '\ufeff', 'price_1'];
const word = () => Array.from({length: below(6)}, () => pick(pieces)).join('');
const number = () =>
  pick([
    () => below(100),
    () => -below(100000),
    () => below(2 ** 31) * 1000,
    () => Number.MAX_SAFE_INTEGER,
    () => random() * 100,
    () => random() * 10 ** (below(40) - 15),
    () => -random() / 10 ** below(10),
    () => below(1000) / 100,
  ])();
const tree = (depth) => {
  const kind = below(depth > 0 ? 10 : 6);
  if (kind === 0) return null;
  if (kind === 1) return random() < 0.5;
  if (kind === 2) return number();
  if (kind < 6) return word();
  if (kind === 6) return new Date(below(2 ** 31) * 1000 + below(1000));
  if (kind < 8) return Array.from({length: below(4)}, () => tree(depth - 1));
  return object(depth - 1);
};
const object = (depth) => {
  const out = {};
  for (let i = below(5); i > 0; i -= 1) out[pick(['mode', 'line_items', 'metadata', 'expand', '7', word() || 'k'])] = tree(depth);
  return out;
};
// As our side reads it: dates are Unix seconds, and a fraction travels as text.
const plain = (value) => {
  if (value instanceof Date) return Math.floor(value.getTime() / 1000);
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return {$number: String(value)};
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
};
for (let i = 0; i < 5000; i += 1) {
  const params = object(4);
  captured = '';
  await encoder.rawRequest('POST', '/v1/customers', params);
  const ours = await ask({op: 'encode', params: plain(params)});
  check(ours.form === captured, 'encode', JSON.stringify(params), '\n  theirs', captured, '\n  ours  ', ours.form);
}
console.log(`encoding: ${passed} trees equal`);

// 2. Webhooks.

const now = 1800000000;
const stripe = new Stripe('sk_test_123');
const secret = 'whsec_differential';
const base64 = (text) => Buffer.from(text, 'utf8').toString('base64');
const theirs = (body, header, at = now) => {
  try {
    stripe.webhooks.constructEvent(body, header, secret, 300, undefined, at * 1000);
    return true;
  } catch (error) {
    // An empty v1 makes the package throw a plain Error, valid signatures beside it or not.
    return error instanceof Stripe.errors.StripeSignatureVerificationError ? false : 'no verdict';
  }
};
const ours = async (body, header, at = now, secrets = [secret]) =>
  (await ask({op: 'verify', body: base64(body), header, secrets, now: at})).verdict;
const event = (i) =>
  JSON.stringify({id: `evt_${i}`, object: 'event', type: 'invoice.paid', note: word() + word()}, null, below(3));

for (let i = 0; i < 500; i += 1) {
  const body = event(i);
  const timestamp = now - below(301);
  const header = stripe.webhooks.generateTestHeaderString({payload: body, secret, timestamp});
  check((await ours(body, header)) === 'good', 'their header, our verifier', header);
  check((await ours(body, header, now, ['whsec_other', secret])) === 'good', 'rotation', header);
  check((await ours(body + ' ', header)) === 'bad_signature', 'changed body', header);
  const signed = (await ask({op: 'sign', body: base64(body), secret, now: timestamp})).header;
  check(signed === header, 'our header', signed, header);
  check(theirs(body, signed) === true, 'our header, their verifier', signed);
}

const body = event(0);
const header = (await ask({op: 'sign', body: base64(body), secret, now})).header;
const signature = header.split('v1=')[1];
const wrong = signature.replace(/./g, (c) => (c === '0' ? '1' : '0'));
const at = (timestamp) => stripe.webhooks.generateTestHeaderString({payload: body, secret, timestamp});
// Header, time, and whether we are to be stricter than the package.
const odd = [
  [header, now], [`v1=${signature},t=${now}`, now], [`t=${now},v1=${wrong},v1=${signature}`, now],
  [`t=${now},v1=${signature},v1=${wrong}`, now], [`t=${now},v0=${signature}`, now], [`t=${now},v0=${wrong},v1=${signature}`, now],
  [`t=1,t=${now},v1=${signature}`, now], [`t=${now},t=1,v1=${signature}`, now], [`t=${now}, v1=${signature}`, now],
  [`t=${now} ,v1=${signature}`, now, 'stricter'], [` t=${now},v1=${signature}`, now], [`t=${now},v1=${signature} `, now],
  [`t=${now},v1=${signature.toUpperCase()}`, now], [`T=${now},v1=${signature}`, now], [`t=${now},V1=${signature}`, now],
  [`t=${now}`, now], [`v1=${signature}`, now], ['', now], [',', now], ['=', now], [`t=,v1=${signature}`, now], [`t=x,v1=${signature}`, now],
  [`t=-1,v1=${signature}`, now], [`t=0${now},v1=${signature}`, now, 'stricter'], [`t=${now}.5,v1=${signature}`, now, 'stricter'],
  [`t=${now}x,v1=${signature}`, now, 'stricter'], [`t=+${now},v1=${signature}`, now, 'stricter'],
  [`t=${now},v1=${signature}=x`, now, 'stricter'], [`t=${now}=1,v1=${signature}`, now, 'stricter'], [`t=${now},v1=`, now],
  [`t=${now},v1`, now], [`t=${now},v1=${signature.slice(1)}`, now], [`t=${now},v1=${signature}0`, now], [`t=${now};v1=${signature}`, now],
  [`t=${now},,v1=${signature},`, now], [`t=${now},v1=${signature},v2=x`, now], [at(now - 299), now], [at(now - 300), now], [at(now - 301), now],
  [at(now - 302), now], [at(now + 299), now], [at(now + 300), now], [at(now + 301), now, 'stricter'], [at(now + 100000), now, 'stricter'],
];
for (const [value, time, stricter] of odd) {
  const their = theirs(body, value, time);
  const our = (await ours(body, value, time)) === 'good';
  check(stricter ? their === true && !our : (their === true) === our, 'odd header', JSON.stringify(value), {their, our});
}
// Anything cut, doubled or swapped: never accepted by us alone.
for (let i = 0; i < 2000; i += 1) {
  let value = `t=${now},v1=${wrong},v1=${signature},v0=${wrong}`;
  for (let k = 1 + below(3); k > 0; k -= 1) {
    const place = below(value.length);
    const size = below(5);
    value = pick([
      () => value.slice(0, place) + value.slice(place + size),
      () => value.slice(0, place) + value.slice(place, place + size) + value.slice(place),
      () => value.slice(0, place) + pick([',', '=', ' ', 't', 'v1', '0', 'A', 'v1=', `,t=${now}`]) + value.slice(place),
    ])();
  }
  const our = await ours(body, value);
  check(our !== 'good' || theirs(body, value) !== false, 'mutated header accepted by us alone', JSON.stringify(value), our);
}
console.log('webhooks: done');

// 3. Retries, attempt by attempt, on a server that fails as it is told.

const scripts = new Map();
const server = http.createServer((request, response) => {
  let sent = '';
  request.on('data', (piece) => (sent += piece));
  request.on('end', () => {
    const script = scripts.get(request.url);
    const step = script.steps[Math.min(script.seen.length, script.steps.length - 1)];
    script.seen.push({
      method: request.method,
      key: request.headers['idempotency-key'],
      version: request.headers['stripe-version'],
      type: request.headers['content-type'],
      authorization: request.headers.authorization,
      sent,
    });
    if (step.status === 0) {
      request.socket.resetAndDestroy();
      return;
    }
    const headers = {'content-type': 'application/json', 'request-id': 'req_1', connection: 'close'};
    if (step.advice) headers['stripe-should-retry'] = step.advice;
    response.writeHead(step.status, headers);
    response.end(step.status < 300 ? '{"id":"cus_1","object":"customer"}' : '{"error":{"type":"api_error","message":"told to"}}');
  });
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const port = server.address().port;
const official = new Stripe('sk_test_123', {host: '127.0.0.1', port, protocol: 'http', maxNetworkRetries: 2, telemetry: false});

const steps = [];
for (const status of [0, 200, 400, 401, 402, 403, 404, 409, 424, 429, 500, 502, 503, 504])
  for (const advice of status === 0 ? [''] : ['', 'true', 'false', 'maybe']) steps.push({status, advice});
const sequences = steps.map((step) => [step]);
for (let i = 0; i < 150; i += 1) sequences.push([pick(steps), pick(steps), pick(steps)]);

const params = {email: 'a+b@example.com', metadata: {k: 'v w'}};
await Promise.all(
  sequences.map(async (sequence, i) => {
    const theirScript = {steps: sequence, seen: []};
    scripts.set(`/v1/customers/t${i}`, theirScript);
    let ok = true;
    let status = 0;
    try {
      await official.rawRequest('POST', `/v1/customers/t${i}`, params, {idempotencyKey: `key-${i}`});
    } catch (error) {
      ok = false;
      status = error.statusCode ?? 0;
    }
    sequence.theirs = {seen: theirScript.seen, ok, status};
  }),
);
for (const [i, sequence] of sequences.entries()) {
  const script = {steps: sequence, seen: []};
  scripts.set(`/v1/customers/o${i}`, script);
  const answer = await ask({op: 'call', base: `http://127.0.0.1:${port}`, method: 'POST', path: `/v1/customers/o${i}`, params, key: `key-${i}`});
  const result = {seen: script.seen, ok: answer.ok, status: answer.status ?? 0};
  check(JSON.stringify(result) === JSON.stringify(sequence.theirs), 'retries', JSON.stringify(sequence), '\n  theirs',
    JSON.stringify(sequence.theirs), '\n  ours  ', JSON.stringify(result));
}
console.log(`retries: ${sequences.length} sequences`);

server.close();
server.closeAllConnections();
child.stdin.end();

// 4. Our sandbox as the official packages see it.

await check_sandbox(check);
console.log('sandbox: done');

// 5. What billing sends, by stripe's own types.

await check_types(check);

console.log(`stripe differential: ${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
