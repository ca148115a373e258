// The pages in a real browser: by keyboard, on a phone's width, under their content security policy.
import fs from 'node:fs';
import path from 'node:path';
import { open_chromium } from '../support/chromium.mjs';
import { root } from '../support/process.mjs';

const phone = { width: 360, height: 640 };

export async function run_pages(checks, world, link_of) {
  const pictures = path.join(root, 'build', 'screenshots');
  fs.mkdirSync(pictures, { recursive: true });
  const browser = await open_chromium();
  const context = await browser.newContext({ viewport: phone });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => {
    const ours = message.location().url.startsWith(world.base) && !message.location().url.endsWith('/favicon.ico');
    if (ours && ['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  const look = async (name) => {
    await page.screenshot({ path: path.join(pictures, `connect-${name}.png`) });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    checks.equal(`${name}: fits a phone`, wide, false);
    const size = await page.evaluate(() => parseFloat(getComputedStyle(document.body).fontSize));
    checks.check(`${name}: readable`, size >= 16, size);
    checks.equal(`${name}: no script`, await page.evaluate(() => document.scripts.length), 0);
    checks.equal(`${name}: one heading, a title and a language`, await page.evaluate(() =>
      [document.querySelectorAll('h1').length, document.title.length > 0, document.documentElement.lang]), [1, true, 'en']);
  };

  world.github.state.ask = true;
  let typing;
  const client = await world.client('v2-auto', 'kim', { on_url: async ({ url }) => {
    typing = (async () => {
      await page.goto(url);
      // The browser gives the focus with its first picture, which may come after the page is there.
      await page.waitForSelector('input[name=name]:focus');
      await page.keyboard.type('kim');
      await page.keyboard.press('Enter');
      await page.waitForSelector('#ok');
      await page.keyboard.press('Tab');
      await page.waitForSelector('#ok:focus');
      await page.keyboard.press('Enter');
      return 'typed';
    })().catch(String);
    return { action: 'accept' };
  } });
  const result = await client.call('listRepositories');
  checks.equal('chromium: by keyboard', await typing, 'typed');
  checks.equal('chromium: the waiting call completes', result.data?.login, 'octocat');
  await page.waitForSelector('h1:has-text("connected")').catch(() => {});
  checks.equal('chromium: and the page says so', await page.textContent('h1'), 'GitHub is connected');
  await look('connected');
  await client.close();
  world.github.state.ask = false;

  const answer = await page.goto(await link_of(world, 'lea'));
  checks.equal('chromium: signed in as somebody else', [answer.status(), await page.textContent('h1')], [403, 'This link cannot be used']);
  const headers = answer.headers();
  checks.equal('chromium: protective headers', [/^default-src 'none'; style-src 'nonce-/.test(headers['content-security-policy']),
    headers['x-frame-options'], headers['referrer-policy'], headers['cache-control']], [true, 'DENY', 'no-referrer', 'no-store']);
  checks.equal('chromium: no cookie of a journey is left', (await context.cookies(world.base)).filter((cookie) => cookie.name.startsWith('leanmcp-')), []);
  await look('refused');
  // The browser itself notes a status of 403 there.
  checks.equal('chromium: no complaints', complaints.filter((text) => !/status of 403/.test(text)), []);
  await browser.close();
}
