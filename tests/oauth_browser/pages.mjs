// A real browser, and what every page must be: readable on a phone, usable by keyboard, without script, closed.
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { open_chromium } from '../support/chromium.mjs';
import { root } from '../support/process.mjs';

export const phone = { width: 360, height: 640 };
const pictures = path.join(root, 'build', 'artefacts', 'oauth_browser');

export async function open_browser(...args) {
  fs.mkdirSync(pictures, { recursive: true });
  return open_chromium(...args);
}

export const picture = (page, name) => page.screenshot({ path: path.join(pictures, `${name}.png`), fullPage: true });

// What the browser complains about on pages of `origin`.
export function complaints_of(page, origin) {
  const out = [];
  page.on('console', (message) => {
    const at = message.location().url;
    if (at.startsWith(origin) && !at.endsWith('/favicon.ico') && ['error', 'warning'].includes(message.type())) out.push(message.text());
  });
  page.on('pageerror', (error) => out.push(String(error)));
  return out;
}

export async function inspect(checks, page, response, name) {
  await picture(page, name);
  checks.equal(`${name}: fits the width`, await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), true);
  checks.check(`${name}: readable`, await page.evaluate(() => parseFloat(getComputedStyle(document.body).fontSize)) >= 16);
  checks.equal(`${name}: no script`, await page.evaluate(() => document.scripts.length), 0);
  checks.equal(`${name}: one heading, a title and a language`, await page.evaluate(() =>
    [document.querySelectorAll('h1').length, document.title.length > 0, document.documentElement.lang]), [1, true, 'en']);
  checks.equal(`${name}: what is pressed is large enough`, await page.evaluate(() =>
    [...document.querySelectorAll('button, input:not([type=hidden]):not([type=checkbox])')].every((one) => one.getBoundingClientRect().height >= 44)), true);
  checks.equal(`${name}: fields have names`, await page.evaluate(() =>
    [...document.querySelectorAll('input:not([type=hidden])')].every((one) => one.labels.length > 0)), true);
  if (!response) return;
  const headers = response.headers();
  const policy = headers['content-security-policy'] ?? '';
  checks.check(`${name}: closed by its policy`, /^default-src 'none'; style-src 'nonce-[\w-]{22}'; frame-ancestors 'none'; base-uri 'none'; form-action '(self|none)'$/.test(policy), policy);
  checks.equal(`${name}: protective headers`, [headers['x-frame-options'], headers['referrer-policy'], headers['cache-control'], headers['x-content-type-options']],
    ['DENY', 'no-referrer', 'no-store', 'nosniff']);
}

// Tab until the control with that name has the focus, which must be visible.
export async function tab_to(checks, page, wanted, most = 20) {
  for (let i = 0; i < most; i += 1) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => ({ text: document.activeElement?.innerText?.trim() || document.activeElement?.name || '', outline: getComputedStyle(document.activeElement).outlineStyle }));
    if (wanted.test(at.text)) {
      checks.check(`the focus on "${at.text.slice(0, 30)}" can be seen`, at.outline !== 'none');
      return;
    }
  }
  throw new Error(`nothing named ${wanted} can be reached by keyboard`);
}

// Where a client on this computer waits for its answer: the queries that came.
export async function start_listener() {
  const queries = [];
  const waiting = [];
  const server = http.createServer((request, response) => {
    const url = new URL(request.url, 'http://127.0.0.1');
    if (url.pathname !== '/cb') return response.writeHead(404).end();
    queries.push(Object.fromEntries(url.searchParams));
    waiting.shift()?.(queries.at(-1));
    return response.setHeader('content-type', 'text/html').end('<!doctype html><title>Done</title><h1>Back in the app</h1>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { redirect_uri: `http://127.0.0.1:${server.address().port}/cb`, queries, next: () => new Promise((resolve) => { waiting.push(resolve); }),
    stop: async () => { server.closeAllConnections(); server.close(); await once(server, 'close'); } };
}
