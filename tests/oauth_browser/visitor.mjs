// A browser without a screen: cookies, redirects, the authorization server's pages and a provider's form. It sends what
// browsers send about where a request comes from.
import { createHash, randomBytes } from 'node:crypto';

export const text_of = (html) => html.replace(/<style[^]*?<\/style>/, ' ').replace(/<[^>]+>/g, ' ').replaceAll('&amp;', '&').replaceAll('&#39;', "'")
  .replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replace(/\s+/g, ' ').trim();

export const fields_of = (html) => Object.fromEntries([...html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map((m) => [m[1], m[2].replaceAll('&amp;', '&')]));

export const next_of = (html) => /http-equiv="refresh" content="0;url=([^"]*)"/.exec(html)?.[1].replaceAll('&amp;', '&');

export class Visitor {
  constructor(name = 'ada') {
    this.name = name;
    this.jars = new Map();
  }

  jar(url) { return this.jars.get(url.host) ?? this.jars.set(url.host, new Map()).get(url.host); }

  // One request, no redirect followed.
  async request(at, { method = 'GET', form, site = 'none', origin, headers = {} } = {}) {
    const url = new URL(at);
    const cookie = [...this.jar(url)].map(([key, value]) => `${key}=${value}`).join('; ');
    const sent = { 'sec-fetch-site': site, ...(cookie ? { cookie } : {}), ...(origin ? { origin } : {}), ...headers };
    const answer = await fetch(url, { method: form ? 'POST' : method, redirect: 'manual', headers: sent, body: form ? new URLSearchParams(form) : undefined });
    for (const line of answer.headers.getSetCookie()) {
      const pair = line.slice(0, line.indexOf(';'));
      const equals = pair.indexOf('=');
      if (/max-age=0(;|$)/i.test(line)) this.jar(url).delete(pair.slice(0, equals));
      else this.jar(url).set(pair.slice(0, equals), pair.slice(equals + 1));
    }
    return { status: answer.status, location: answer.headers.get('location'), headers: answer.headers, html: await answer.text(), url };
  }

  // The consent page's own form.
  async answer(page, more) {
    const action = new URL(/<form method="post" action="([^"]*)"/.exec(page.html)[1].replaceAll('&amp;', '&'), page.url);
    return this.request(action, { form: { ...fields_of(page.html), ...more }, site: 'same-origin', origin: 'null' });
  }

  // Follows redirects, going-on pages and a provider's sign-in form, until a page that asks for something else, or `until`.
  async follow(page, until = () => false) {
    for (let hop = 0; hop < 20; hop += 1) {
      const to = page.location ?? next_of(page.html);
      if (to) {
        const url = new URL(to, page.url);
        if (until(url)) return { ...page, end: url };
        page = await this.request(url, { site: 'cross-site' });
      } else if (page.url.pathname.startsWith('/interaction/') && page.status === 200) {
        page = await this.request(page.url, { form: { name: this.name }, site: 'same-origin' });
      } else {
        return page;
      }
    }
    throw new Error('too many redirects');
  }
}

// What an MCP client is at the authorization server, written out: registration, request, token.
export class PlainClient {
  constructor(issuer, resource, redirect_uri = 'http://127.0.0.1:8765/cb') {
    Object.assign(this, { issuer, resource, redirect_uri });
    this.verifier = randomBytes(32).toString('base64url');
    this.state = randomBytes(16).toString('base64url');
  }

  async register(metadata = {}) {
    const answer = await fetch(`${this.issuer}/register`, { method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_name: 'Plain', redirect_uris: [this.redirect_uri], grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'none', ...metadata }) });
    const body = await answer.json();
    this.client_id = body.client_id;
    return { status: answer.status, body };
  }

  url(changed = {}) {
    const url = new URL(`${this.issuer}/authorize`);
    const parameters = { response_type: 'code', client_id: this.client_id, redirect_uri: this.redirect_uri, state: this.state, resource: this.resource,
      code_challenge: createHash('sha256').update(this.verifier).digest('base64url'), code_challenge_method: 'S256', ...changed };
    for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value);
    return url.href;
  }

  is_mine = (url) => url.href.startsWith(this.redirect_uri);

  async token(code, more = {}) {
    const answer = await fetch(`${this.issuer}/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'authorization_code', code,
      redirect_uri: this.redirect_uri, client_id: this.client_id, code_verifier: this.verifier, resource: this.resource, ...more }) });
    return { status: answer.status, headers: answer.headers, body: await answer.json() };
  }

  async refresh(refresh_token) {
    const answer = await fetch(`${this.issuer}/token`, { method: 'POST',
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token, client_id: this.client_id, resource: this.resource }) });
    return { status: answer.status, body: await answer.json() };
  }
}

export const query_of = (url) => Object.fromEntries(new URL(url).searchParams);
