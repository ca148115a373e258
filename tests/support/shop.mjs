// A premium service with its sandbox (identity provider, Stripe double), and the official clients as its customers.
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as modern from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as OldHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { bin, free_port, sleep, start } from './process.mjs';

export const kinds = ['v2-auto', 'v2-legacy', 'v1'];
const webhook_secret = 'whsec_shop_0123456789abcdef';
const stripe_key = 'sk_test_sandbox';
export const password = 'sandbox-password';
// Who that is in tokens, and so for the service and Stripe.
export const subject = (user) => `local:${user}`;

// With a public_port the shop is reached there (something has to stand there), and `launch` starts instances behind it.
export async function open_shop({ program = 'premium-service', environment = {}, public_port } = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shop-'));
  const port = public_port ?? await free_port();
  const sandbox_port = await free_port();
  const base = `http://127.0.0.1:${port}`;
  const sandbox_url = `http://127.0.0.1:${sandbox_port}`;
  const sandbox = await start('leanmcp', ['sandbox', '--port', sandbox_port, '--audience', `${base}/mcp`, '--webhook-url',
    `${base}/webhook/stripe`, '--webhook-secret', webhook_secret], { ready: `${sandbox_url}/health`, patience_ms: 60_000 });
  const env = {
    AUTH_PROVIDER: 'oidc', OIDC_ISSUER: sandbox_url, OIDC_AUDIENCE: `${base}/mcp`, OIDC_CLIENT_ID: program,
    OIDC_CLIENT_SECRET: 'sandbox-client-secret', STRIPE_API_BASE: sandbox_url, STRIPE_SECRET_KEY: stripe_key,
    STRIPE_WEBHOOK_SECRET: webhook_secret, STRIPE_MONTHLY_PRICE_ID: 'price_monthly', STRIPE_YEARLY_PRICE_ID: 'price_yearly',
    APP_URL: base, PUBLIC_URL: base, PORT: String(port), DATABASE_URL: `sqlite:${folder}/shop.db`,
    LEANMCP_STATE_KEYS: '22'.repeat(32), ...environment,
  };
  const shop = {
    folder, base, port, sandbox_url, sandbox, program, environment: env,
    database: path.join(folder, 'shop.db'),
    launch: (at) => start(program, [], {
      env: { ...env, PORT: String(at) }, bare: true, ready: `http://127.0.0.1:${at}/health`, poll_ms: 5, patience_ms: 60_000,
    }),
    restart: async () => {
      shop.service = await shop.launch(port);
      return shop.service;
    },
    // A webhook as Stripe sends it, again if need be; the last status.
    deliver: async (body) => {
      for (let attempt = 1; ; attempt += 1) {
        const at = Math.floor(Date.now() / 1000);
        const digest = crypto.createHmac('sha256', webhook_secret).update(`${at}.${body}`).digest('hex');
        const headers = { 'content-type': 'application/json', 'stripe-signature': `t=${at},v1=${digest}` };
        const status = await fetch(`${base}/webhook/stripe`, { method: 'POST', body, headers }).then((answer) => answer.status, () => 0);
        if ((status !== 0 && status < 500) || attempt === 10) return status;
        await sleep(500);
      }
    },
    token: async (user) => (await fetch(`${sandbox_url}/token?user=${user}`)).text(),
    control: async (what) => (await fetch(`${sandbox_url}/sandbox/${what}`, { method: 'POST' })).json(),
    stripe: async (what) => {
      const answer = await fetch(`${sandbox_url}/v1/${what}`, { headers: { authorization: `Bearer ${stripe_key}` } });
      return answer.json();
    },
    // Every object of a kind, page by page.
    all: async (kind, query = '') => {
      const found = [];
      for (let after = ''; ;) {
        const page = await shop.stripe(`${kind}?limit=100${query}${after}`);
        found.push(...page.data);
        if (!page.has_more) return found;
        after = `&starting_after=${page.data.at(-1).id}`;
      }
    },
    close: async () => {
      await shop.service?.stop();
      await sandbox.stop();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
  return shop;
}

const text_of = (result) => (result.content ?? []).filter((part) => part.type === 'text').map((part) => part.text).join('\n');

// on_form(params), on_url(params): what a person does; leave one out and the client cannot be asked in that way.
// environment: the program is the client's own, over stdio, with that environment.
export async function customer(shop, { kind = 'v2-auto', token, on_form, on_url, environment }) {
  const modes = { ...(on_form ? { form: {} } : {}), ...(on_url ? { url: {} } : {}) };
  const capabilities = Object.keys(modes).length > 0 ? { elicitation: modes } : {};
  const info = { name: `customer-${kind}`, version: '1.0.0' };
  const client = kind === 'v1' ? new OldClient(info, { capabilities })
    : new modern.Client(info, { capabilities, versionNegotiation: { mode: kind === 'v2-auto' ? 'auto' : 'legacy' } });
  const asked = [];
  if (on_form || on_url) {
    const answer = async ({ params }) => {
      asked.push(params);
      return params.mode === 'url' ? on_url(params) : on_form(params);
    };
    if (kind === 'v1') client.setRequestHandler(ElicitRequestSchema, answer);
    else client.setRequestHandler('elicitation/create', answer);
  }
  let log = '';
  if (environment) {
    const Stdio = kind === 'v1' ? OldStdio : ModernStdio;
    const env = { PATH: process.env.PATH, ...environment, ...(token ? { LEANMCP_TOKEN: token } : {}) };
    const transport = new Stdio({ command: path.join(bin, shop.program), args: ['--stdio'], env, stderr: 'pipe' });
    transport.stderr.on('data', (chunk) => { log += chunk; });
    await client.connect(transport);
  } else {
    const Http = kind === 'v1' ? OldHttp : modern.StreamableHTTPClientTransport;
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    await client.connect(new Http(new URL(`${shop.base}/mcp`), { requestInit: { headers } }));
  }
  return {
    client, asked,
    log: () => log,
    // The clients check results against the tool's output schema themselves once they have seen the listing.
    tools: async () => (await client.listTools()).tools,
    call: async (name, args = {}, options = {}) => {
      const settings = { timeout: 240_000, resetTimeoutOnProgress: true, onprogress: () => {}, ...options };
      const result = kind === 'v1' ? await client.callTool({ name, arguments: args }, undefined, settings)
        : await client.callTool({ name, arguments: args }, settings);
      const text = text_of(result);
      let said = {};
      try { said = JSON.parse(text); } catch { /* plain words */ }
      return { ok: !result.isError, text, data: result.structuredContent, said, result };
    },
    close: () => client.close().catch(() => {}),
  };
}

const unescaped = (text) => text.replaceAll('&amp;', '&');
const hidden_of = (text) => new URLSearchParams([...text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)]
  .map(([, name, value]) => [name, unescaped(value)]));

// What `user` answers on a page of the sandbox's authorization server: agrees, then signs in; where it goes from there.
function answer_of(user, page, text) {
  const fill = { '/authorize': { allow: 'local' }, '/sign-in': { username: user, password, sign_in: 'yes' } }[page.pathname];
  const action = /<form method="post" action="([^"]+)"/.exec(text)?.[1];
  if (!user || !fill || !action) return undefined;
  const form = hidden_of(text);
  for (const [name, value] of Object.entries(fill)) form.set(name, value);
  return { next: new URL(unescaped(action), page), init: { method: 'POST', body: form, headers: { origin: page.origin } } };
}

// A browser without pictures: follows redirects with cookies, and agrees and signs in at the sandbox as `user`, whoever
// that is. `within`: goes to no other origin; what it would have gone to is in `url`.
export async function browse(url, user, { jar = new Map(), hops = 15, within } = {}) {
  let next = new URL(url);
  let init = {};
  for (let i = 0; i < hops; ++i) {
    const cookies = [...(jar.get(next.host) ?? new Map())].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(next, { redirect: 'manual', ...init, headers: { ...(init.headers ?? {}), ...(cookies ? { cookie: cookies } : {}) } });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (!jar.has(next.host)) jar.set(next.host, new Map());
      if (/max-age=0/i.test(line)) jar.get(next.host).delete(name);
      else if (name) jar.get(next.host).set(name, value);
    }
    init = {};
    const text = await answer.text();
    const location = answer.headers.get('location') ?? /<meta http-equiv="refresh" content="0;\s*url=([^"]*)"/i.exec(text)?.[1];
    if (location && answer.status < 400) {
      next = new URL(unescaped(location), next);
      if (within && next.origin !== within) return { url: next, jar };
      continue;
    }
    if (user && next.pathname === '/sign-in') {
      if (answer.status !== 200) throw new Error(`${user} cannot sign in: ${text}`);
      // Named once, everybody has an account there.
      await fetch(`${next.origin}/token?user=${user}`);
    }
    const answered = answer.status === 200 ? answer_of(user, next, text) : undefined;
    if (!answered) return { url: next, status: answer.status, text, headers: answer.headers, jar };
    ({ next, init } = answered);
  }
  throw new Error(`too many redirects from ${url}`);
}
