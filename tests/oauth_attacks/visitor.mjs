// A browser that does nothing by itself: it keeps cookies, says where it is sent, and can be made to lie.
const decode = (text) => text.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => ({ '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" })[entity]);
let addresses = 0;
// Everybody who is new comes from an address of their own, so that no limit of one attack is met by another.
export const new_address = () => `198.18.${Math.floor((addresses += 1) / 250)}.${addresses % 250}`;

export class Visitor {
  cookies = new Map();
  // All that this visitor was ever given to keep.
  kept = [];

  constructor(address = new_address()) {
    this.address = address;
  }

  async request(url, { method = 'GET', form, body, headers = {} } = {}) {
    const at = new URL(url);
    const own = [...this.cookies].filter(([key]) => key.startsWith(`${at.host} `)).map(([key, value]) => `${key.slice(at.host.length + 1)}=${value}`);
    const sent = { 'x-test-address': this.address, 'sec-fetch-site': 'none', ...(own.length ? { cookie: own.join('; ') } : {}) };
    if (form) sent['content-type'] = 'application/x-www-form-urlencoded';
    const all = Object.fromEntries(Object.entries({ ...sent, ...headers }).filter(([, value]) => value !== undefined));
    const answer = await fetch(at, { method, headers: all, body: form ? new URLSearchParams(form) : body, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split('; ');
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      if (value) this.kept.push(value);
      if (attributes.some((one) => /^max-age=0$/i.test(one))) this.cookies.delete(`${at.host} ${name}`);
      else this.cookies.set(`${at.host} ${name}`, value);
    }
    const text = await answer.text();
    const refresh = /<meta\b[^>]*http-equiv="refresh"[^>]*content="\d+;\s*url=([^"]*)"/i.exec(text)?.[1];
    const next = answer.headers.get('location') ?? (refresh && decode(refresh)) ?? undefined;
    const fields = Object.fromEntries([...text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(([, name, value]) => [name, decode(value)]));
    let json;
    try { json = JSON.parse(text); } catch { /* no JSON */ }
    return { url: at.href, status: answer.status, headers: answer.headers, text, next, fields, json,
      set_cookies: answer.headers.getSetCookie(), params: next ? new URL(next).searchParams : new URLSearchParams() };
  }

  get(url, headers) {
    return this.request(url, { headers });
  }

  post(url, form, headers = {}) {
    return this.request(url, { method: 'POST', form, headers: { origin: new URL(url).origin, 'sec-fetch-site': 'same-origin', ...headers } });
  }
}
