// A browser without a window: cookies by host and path, redirects, meta refresh, forms. Enough to walk through the pages of
// the authorization server and of oidc-provider as they are.
const unescape_html = (text) => text.replace(/&(?:amp|lt|gt|quot|#39|#x27);/g,
  (entity) => ({ '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&#x27;': "'" })[entity]);

const attribute = (tag, name) => {
  const found = new RegExp(`\\s${name}\\s*=\\s*"([^"]*)"`, 'i').exec(tag);
  return found ? unescape_html(found[1]) : undefined;
};

export class Page {
  constructor(url, status, headers, html) {
    Object.assign(this, { url, status, headers, html });
  }

  get forms() {
    return [...this.html.matchAll(/<form\b[^>]*>[\s\S]*?<\/form>/gi)].map(([text]) => {
      const tag = /<form\b[^>]*>/i.exec(text)[0];
      const fields = [...text.matchAll(/<(?:input|button)\b[^>]*>/gi)]
        .map(([input]) => ({ tag: input, name: attribute(input, 'name'), value: attribute(input, 'value') ?? '' }));
      return { action: attribute(tag, 'action'), method: (attribute(tag, 'method') ?? 'get').toLowerCase(), fields };
    });
  }

  get refresh() {
    const tag = /<meta\b[^>]*http-equiv="refresh"[^>]*>/i.exec(this.html)?.[0];
    return tag && attribute(tag, 'content')?.replace(/^\s*\d+\s*;\s*url=/i, '');
  }
}

export class Browser {
  cookies = new Map();

  // fetch, with this browser's cookies and without following anything.
  async request(url, { method = 'GET', body, from } = {}) {
    const at = new URL(url);
    const headers = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    const cookies = [...this.cookies.values()]
      .filter((cookie) => cookie.host === at.host && at.pathname.startsWith(cookie.path) && cookie.until > Date.now());
    if (cookies.length > 0) headers.cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    headers['sec-fetch-site'] = from ? (new URL(from).host === at.host ? 'same-origin' : 'cross-site') : 'none';
    if (method === 'POST') {
      headers.origin = new URL(from).origin;
      headers['content-type'] = 'application/x-www-form-urlencoded';
    }
    const answer = await fetch(at, { method, body, headers, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) this.#keep(at, line);
    return answer;
  }

  #keep(at, line) {
    const [pair, ...attributes] = line.split(';').map((part) => part.trim());
    const equals = pair.indexOf('=');
    const options = Object.fromEntries(attributes.map((part) => {
      const [key, ...rest] = part.split('=');
      return [key.toLowerCase(), rest.join('=')];
    }));
    const cookie = { host: at.host, name: pair.slice(0, equals), value: pair.slice(equals + 1), path: options.path ?? '/', until: Infinity };
    if ('max-age' in options) cookie.until = Date.now() + Number(options['max-age']) * 1000;
    else if (options.expires) cookie.until = Date.parse(options.expires);
    this.cookies.set(`${cookie.host} ${cookie.path} ${cookie.name}`, cookie);
  }

  // Follows redirects and refreshes; a URL that `leaves` is not opened but is the result.
  async open(url, options = {}) {
    const { leaves = () => false } = options;
    let next = { url: String(url), ...options };
    for (let hops = 0; hops < 30; hops += 1) {
      if (leaves(next.url)) return next.url;
      const answer = await this.request(next.url, next);
      const html = await answer.text();
      const location = answer.headers.get('location');
      if (answer.status >= 300 && answer.status < 400 && location) {
        next = { url: new URL(location, next.url).href, from: next.url };
        continue;
      }
      const page = new Page(next.url, answer.status, answer.headers, html);
      if (!page.refresh) return page;
      next = { url: new URL(page.refresh, next.url).href, from: next.url };
    }
    throw new Error(`too many redirects, last to ${next.url}`);
  }

  // Presses a button of a form: its hidden fields, what was filled in, and the button's own name and value.
  async submit(page, form, values, options = {}) {
    const body = new URLSearchParams();
    for (const { tag, name, value } of form.fields)
      if (name && !/^<button/i.test(tag) && !/type="(?:submit|checkbox)"/i.test(tag)) body.set(name, value);
    for (const [name, value] of Object.entries(values)) body.set(name, value);
    return this.open(new URL(form.action ?? page.url, page.url).href,
      { ...options, method: form.method.toUpperCase(), body, from: page.url });
  }
}

// From the authorization endpoint back to the client: says yes to consent, signs in at oidc-provider with its own pages, or
// at the server's own with `own` ({username, password}).
// The URL the browser is sent to at the end. `at(step)` is awaited before each answer: "consent", "login", "grant".
export async function sign_in(browser, authorize_url, redirect_uri, { person = 'ada', own, at = async () => {} } = {}) {
  const leaves = (url) => url.startsWith(redirect_uri);
  let page = await browser.open(authorize_url, { leaves });
  for (let steps = 0; steps < 10; steps += 1) {
    if (typeof page === 'string') return page;
    const [form] = page.forms;
    const named = (name) => form?.fields.some((field) => field.name === name);
    if (!form) throw new Error(`${page.url} answered ${page.status} without a form:\n${page.html.slice(0, 1500)}`);
    if (named('allow')) {
      await at('consent', page);
      page = await browser.submit(page, form, { allow: own ? 'local' : form.fields.find(({ name }) => name === 'allow').value }, { leaves });
    } else if (own && named('username')) {
      await at('sign-in', page);
      page = await browser.submit(page, form, { ...own, sign_in: 'yes' }, { leaves });
    } else if (named('login')) {
      await at('login', page);
      page = await browser.submit(page, form, { login: person, password: 'anything' }, { leaves });
    } else {
      await at('grant', page);
      page = await browser.submit(page, form, {}, { leaves });
    }
  }
  throw new Error(`no end: ${page.url}`);
}
