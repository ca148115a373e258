// A browser without a screen: redirects, cookies, and the sign-in form of the provider in these tests.
export class Browser {
  constructor(person) {
    this.person = person;
    this.jars = new Map();
  }

  // Opens a URL and follows it; stops before a URL for which `until` is true. `change` may alter each URL on the way.
  async open(from, { until = () => false, change = (url) => url } = {}) {
    let url = new URL(from);
    let post;
    for (let hop = 0; hop < 30; ++hop) {
      url = change(url);
      if (until(url)) return { url, status: 0, text: '' };
      const answer = await this.request(url, post);
      post = undefined;
      const text = await answer.text();
      const location = answer.headers.get('location');
      if (location) {
        url = new URL(location, url);
      } else if (answer.status === 200 && url.pathname.startsWith('/interaction/') && !answer.headers.has('x-done')) {
        post = new URLSearchParams({ name: this.person });
      } else {
        return { url, status: answer.status, text, headers: answer.headers };
      }
    }
    throw new Error(`too many redirects from ${from}`);
  }

  async request(url, post) {
    const jar = this.jars.get(url.host) ?? this.jars.set(url.host, new Map()).get(url.host);
    const cookie = [...jar].map(([key, value]) => `${key}=${value}`).join('; ');
    const answer = await fetch(url, { method: post ? 'POST' : 'GET', body: post, redirect: 'manual', headers: cookie ? { cookie } : {} });
    for (const line of answer.headers.getSetCookie()) {
      const [pair] = line.split(';');
      const at = pair.indexOf('=');
      if (/max-age=0/i.test(line) || pair.slice(at + 1) === '') jar.delete(pair.slice(0, at));
      else jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return answer;
  }
}
