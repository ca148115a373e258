// The part of Stripe's API that a checkout needs, in memory on loopback; its webhooks are signed by the official package.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import Stripe from 'stripe';

const signer = new Stripe('sk_test_signer');
const id = (prefix) => `${prefix}_${randomBytes(9).toString('hex')}`;
const seconds = () => Math.floor(Date.now() / 1000);

// `line_items[0][price]=p` → {line_items: [{price: 'p'}]}
export function decode_form(text) {
  const result = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const keys = [...name.matchAll(/^[^[]+|\[([^\]]*)\]/g)].map((match) => match[1] ?? match[0]);
    let at = result;
    keys.forEach((key, index) => {
      const slot = Array.isArray(at) ? Number(key) : key;
      if (index === keys.length - 1) at[slot] = value;
      else at = at[slot] ??= /^\d+$/.test(keys[index + 1]) ? [] : {};
    });
  }
  return result;
}

export async function start_stripe({ port, secret_key, webhook_secret, webhook_url }) {
  const origin = `http://127.0.0.1:${port}`;
  const requests = [];
  const sessions = new Map();
  const subscriptions = new Map();
  const customers = new Map();
  const remembered = new Map();

  const failure = (status, code, message) => [status, { error: { type: 'invalid_request_error', code, message } }];
  const list = (data) => [200, { object: 'list', data, has_more: false, url: '/v1/list' }];

  function create_session(form) {
    const session = {
      id: id('cs_test'), object: 'checkout.session', mode: form.mode, status: 'open', payment_status: 'unpaid', livemode: false,
      url: '', customer: form.customer ?? null, customer_email: form.customer_email ?? null, subscription: null,
      client_reference_id: form.client_reference_id ?? null, metadata: form.metadata ?? {}, success_url: form.success_url,
      cancel_url: form.cancel_url ?? null, created: seconds(), expires_at: Number(form.expires_at ?? seconds() + 86400),
      currency: 'usd', amount_total: 999, line_items: { object: 'list', data: form.line_items ?? [] },
      subscription_data: form.subscription_data ?? {},
    };
    session.url = `${origin}/c/pay/${session.id}`;
    sessions.set(session.id, session);
    return session;
  }

  function create_customer(form) {
    const customer = { id: id('cus'), object: 'customer', email: form.email ?? null, name: form.name ?? null,
      metadata: form.metadata ?? {}, livemode: false, created: seconds() };
    customers.set(customer.id, customer);
    return customer;
  }

  function api(method, path, form) {
    const match = /^\/v1\/(customers|checkout\/sessions|subscriptions|events|prices)(?:\/([^/]+))?(?:\/(\w+))?$/.exec(path);
    if (!match) return failure(404, 'resource_missing', `no such route ${path}`);
    const [, kind, key, action] = match;
    const store = { customers, 'checkout/sessions': sessions, subscriptions }[kind];
    if (method === 'POST' && !key && kind === 'customers') return [200, create_customer(form)];
    if (method === 'POST' && !key && kind === 'checkout/sessions') {
      const items = form.line_items ?? [];
      if (!form.success_url) return failure(400, 'parameter_missing', 'Missing required param: success_url.');
      if (!items[0]?.price) return failure(400, 'parameter_missing', 'Missing required param: line_items.');
      return [200, create_session(form)];
    }
    if (!store) return list([]);
    if (!key) {
      const found = [...store.values()].filter((item) => !form.customer || item.customer === form.customer);
      return list(found);
    }
    const object = store.get(key);
    if (!object) return failure(404, 'resource_missing', `No such object: '${key}'`);
    if (method === 'POST' && action === 'expire') object.status = 'expired';
    if (method === 'DELETE') object.status = 'canceled';
    return [200, object];
  }

  const server = http.createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const url = new URL(request.url, origin);
    const form = decode_form(request.method === 'GET' ? url.search.slice(1) : body);
    const key = request.headers['idempotency-key'];
    requests.push({ method: request.method, path: url.pathname, form, headers: request.headers, at: Date.now() });
    let answer;
    if (request.headers.authorization !== `Bearer ${secret_key}`) {
      answer = [401, { error: { type: 'invalid_request_error', message: 'Invalid API Key provided' } }];
    } else if (key && remembered.has(key)) {
      answer = remembered.get(key);
    } else {
      answer = api(request.method, url.pathname, form);
      if (key && request.method === 'POST') remembered.set(key, answer);
    }
    response.writeHead(answer[0], { 'content-type': 'application/json', 'request-id': id('req') });
    response.end(JSON.stringify(answer[1]));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');

  const event_of = (type, object) => ({
    id: id('evt'), object: 'event', api_version: '2026-10-28.endive', created: seconds(), livemode: false,
    pending_webhooks: 1, request: { id: null, idempotency_key: null }, type, data: { object },
  });

  async function deliver(event, options = {}) {
    const payload = JSON.stringify(event, null, 2);
    const header = options.header ?? signer.webhooks.generateTestHeaderString({
      payload, secret: options.secret ?? webhook_secret, timestamp: options.timestamp ?? seconds(),
    });
    const answer = await fetch(webhook_url(), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(header ? { 'stripe-signature': header } : {}) },
      body: options.payload ?? payload,
    });
    return { status: answer.status, text: await answer.text() };
  }

  // What happens when the person presses "Subscribe" on the hosted page.
  function pay(session_id) {
    const session = sessions.get(session_id);
    const customer = session.customer ?? create_customer({ email: session.customer_email }).id;
    const period_end = seconds() + 30 * 86400;
    const subscription = {
      id: id('sub'), object: 'subscription', status: 'active', customer, livemode: false, created: seconds(),
      start_date: seconds(), cancel_at: null, cancel_at_period_end: false, canceled_at: null, ended_at: null, trial_end: null,
      metadata: session.subscription_data.metadata ?? {},
      items: { object: 'list', has_more: false, data: session.line_items.data.map((item) => ({
        id: id('si'), object: 'subscription_item', quantity: Number(item.quantity ?? 1), current_period_start: seconds(),
        current_period_end: period_end,
        price: { id: item.price, object: 'price', product: 'prod_premium', recurring: { interval: 'month', interval_count: 1 } },
      })) },
    };
    subscriptions.set(subscription.id, subscription);
    Object.assign(session, { status: 'complete', payment_status: 'paid', customer, subscription: subscription.id, url: null });
    return { session, subscription };
  }

  return {
    origin, requests, sessions, subscriptions, customers, event_of, deliver, pay,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
