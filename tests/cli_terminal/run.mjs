// The `leanmcp` command as a person uses it, knowing a server's URL only: in a real terminal (tmux) with a real browser (chromium by
// playwright-core), against oidc-provider, the premium service and the Stripe double. What the terminal shows is what the guide shows:
// "run.mjs --write" puts it there.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Checks } from '../support/checks.mjs';
import { open_chromium } from '../support/chromium.mjs';
import { bin, free_port, root, sleep, start, stop_all } from '../support/process.mjs';
import { start_provider } from './provider.mjs';
import { Terminal } from './terminal.mjs';
import { canonical, compare_with_guide, write_guide } from './transcript.mjs';

const checks = new Checks('cli_terminal');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cli-terminal-'));
const ports = { service: await free_port(), provider: await free_port(), sandbox: await free_port() };
const base = `http://127.0.0.1:${ports.service}`;
const url = `${base}/mcp`;
const provider = await start_provider({ port: ports.provider, base, client_id: 'premium-service', client_secret: 'oidc-secret-0123456789' });
const sandbox_url = `http://127.0.0.1:${ports.sandbox}`;
const webhook_secret = 'whsec_terminal_0123456789';
await start('leanmcp', ['sandbox', '--port', ports.sandbox, '--webhook-url', `${base}/webhook/stripe`, '--webhook-secret', webhook_secret],
  { ready: `${sandbox_url}/health`, patience_ms: 120000 });
await start('premium-service', [], { bare: true, ready: `${base}/health`, patience_ms: 120000, env: {
  AUTH_PROVIDER: 'oidc', OIDC_ISSUER: provider.issuer, OIDC_AUDIENCE: url, OIDC_CLIENT_ID: 'premium-service', OIDC_CLIENT_SECRET: 'oidc-secret-0123456789',
  STRIPE_API_BASE: sandbox_url, STRIPE_SECRET_KEY: 'sk_test_sandbox', STRIPE_WEBHOOK_SECRET: webhook_secret, STRIPE_MONTHLY_PRICE_ID: 'price_monthly',
  STRIPE_YEARLY_PRICE_ID: 'price_yearly', APP_URL: base, PUBLIC_URL: base, PORT: String(ports.service), DATABASE_URL: `sqlite:${folder}/premium.db`,
  LEANMCP_STATE_KEYS: '33'.repeat(32) } });

// What a desktop has: a program that hands a URL to the browser, which is ours.
const handed_over = path.join(folder, 'handed-over');
fs.mkdirSync(path.join(folder, 'bin'));
fs.writeFileSync(path.join(folder, 'bin/xdg-open'), `#!/bin/sh\nprintf '%s\\n' "$#" "$@" >> '${handed_over}'\n`, { mode: 0o755 });
const home = path.join(folder, 'home');
fs.mkdirSync(home);
const environment = { PATH: `${folder}/bin:${bin}:/usr/bin:/bin`, HOME: home, LANG: 'C.UTF-8', DISPLAY: ':0', BROWSER: '/bin/false' };
const terminal = new Terminal({ env: environment, cwd: home });
const everything = [];
let pasted;
const transcripts = {};

const browser = await open_chromium();
const pictures = process.env.ARTEFACTS ?? path.join(root, 'build/artefacts/cli_terminal');
fs.mkdirSync(pictures, { recursive: true });
const context = await browser.newContext();

// The address that was handed to the browser, once.
async function address_given() {
  for (let i = 0; i < 2400; ++i) {
    if (fs.existsSync(handed_over)) {
      const [count, ...rest] = fs.readFileSync(handed_over, 'utf8').trimEnd().split('\n');
      fs.rmSync(handed_over);
      checks.equal('the opener gets one argument', [count, rest.length], ['1', 1]);
      return rest[0];
    }
    await sleep(50);
  }
  throw new Error(`no browser was opened:\n${terminal.text()}`);
}

// The whole address that the terminal shows, on a line of its own.
const shown_address = (text, within) => text.split('\n').map((line) => line.trim()).find((line) => line.startsWith(within));

async function end_of(name) {
  const { text, code } = await terminal.finish();
  everything.push(text, terminal.coloured());
  if (name) transcripts[name] = canonical(text, ports);
  return { text, code };
}

async function signs_in(address, name, answer = 'yes') {
  const page = await context.newPage();
  await page.goto(address);
  if (await page.getByRole('heading').textContent() === 'Sign in') {
    await page.getByLabel('Name').fill(name);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }
  await page.getByRole('button', { name: answer === 'yes' ? 'Allow' : 'Deny' }).click();
  await page.waitForURL(/\/callback\?/);
  const text = await page.innerText('body');
  await page.screenshot({ path: path.join(pictures, `callback-${answer}.png`) });
  await page.close();
  return text;
}

async function lists_without_a_sign_in() {
  await terminal.begin(`leanmcp list ${url}`);
  const { text, code } = await end_of('list');
  checks.equal('list: exit code', code, 0);
  checks.check('list: the tools', /premiumFeature\s+Access premium feature/.test(text), text);
}

async function logs_in() {
  await terminal.begin(`leanmcp login ${url}`);
  await terminal.wait(/Open 127\.0\.0\.1:\d+ in the browser\? \[Y\/n\]/);
  const address = shown_address(terminal.output(), `${provider.issuer}/`);
  const parameters = new URL(address).searchParams;
  checks.check('login: the address is whole', parameters.get('code_challenge_method') === 'S256' && parameters.get('resource') === url &&
    /^http:\/\/127\.0\.0\.1:\d+\/callback$/.test(parameters.get('redirect_uri')), address);
  checks.check('login: the host is highlighted', terminal.coloured().includes(`http://\x1b[1m127.0.0.1:${ports.provider}\x1b[0m`), terminal.coloured());
  checks.check('login: nothing is opened before consent', !fs.existsSync(handed_over));
  terminal.type('y');
  checks.equal('login: the browser gets the address that was shown', await address_given(), address);
  const callback = new URL(parameters.get('redirect_uri'));
  const stranger = await fetch(`${callback}?code=stolen&state=guess`);
  checks.equal('login: an answer with another state is turned away', stranger.status, 400);
  checks.check('login: the page says what to do', /go back to the program/.test(await signs_in(address, 'ada')));
  const { text, code } = await end_of('login');
  checks.equal('login: exit code', code, 0);
  checks.check('login: says where', text.includes(`Signed in to ${url}`) && text.includes(provider.issuer), text);
  const closed = await fetch(callback).then(() => false, () => true);
  checks.check('login: the listener is closed', closed);
  checks.equal('login: registered as a native client', provider.seen.registered.map(({ applicationType }) => applicationType), ['native']);
}

async function calls() {
  await terminal.begin(`leanmcp call ${url} getProfile`);
  const { text, code } = await end_of('call');
  checks.equal('call: exit code', code, 0);
  checks.check('call: as the person who signed in', text.includes('ada@example.com'), text);
  await terminal.begin(`leanmcp call ${url} checkSubscription --json | cat`);
  const json = await end_of();
  checks.check('call --json: one object without colour', /\n\{.*"structuredContent".*\}$/.test(json.text) && !/\x1b\[\d+m\{/.test(terminal.coloured()), json.text);
}

async function fills_in_a_form() {
  await terminal.begin(`leanmcp call ${url} upgrade`);
  await terminal.wait(/Select Plan[\s\S]*> $|a number> ?$/);
  terminal.type('weekly');
  await terminal.wait(/Please give a number/);
  terminal.type('2');
  await terminal.wait(/I agree to the terms[\s\S]*yes or no> ?$/);
  terminal.type('yes');
  await terminal.wait(/Send this\?/);
  terminal.type('');
  const { text, code } = await end_of('form');
  checks.equal('form: exit code', code, 0);
  checks.check('form: the answer has the link', /paymentUrl/.test(text), text);
}

async function pays() {
  await terminal.begin(`leanmcp call ${url} premiumFeature --arg data=report`);
  await terminal.wait(/Open 127\.0\.0\.1:\d+ in the browser\? \[y\/N\]/);
  const address = shown_address(terminal.output(), `${base}/billing/go/`);
  terminal.type('y');
  checks.equal('payment: the browser gets the address that was shown', await address_given(), address);
  const page = await context.newPage();
  await page.goto(address);
  // The person is signed in at the provider; the service is another client there.
  const allow = page.getByRole('button', { name: 'Allow' });
  if (await allow.count() > 0) await allow.click();
  await page.getByText(/I agree/i).first().click();
  await page.getByText(/^Pay \$9/).first().click();
  await page.waitForURL(/\/success/);
  await page.screenshot({ path: path.join(pictures, 'paid.png') });
  await page.close();
  const { text, code } = await end_of('payment');
  checks.equal('payment: exit code', code, 0);
  checks.check('payment: the call that waited is answered', text.includes('Premium data processed: report'), text);
}

async function is_known_and_leaves() {
  await terminal.begin('leanmcp whoami');
  const who = await end_of('whoami');
  checks.check('whoami: server, issuer and scope', who.code === 0 && [url, provider.issuer, 'offline_access'].every((part) => who.text.includes(part)), who.text);
  await terminal.begin(`leanmcp logout ${url}`);
  const left = await end_of('logout');
  checks.equal('logout: exit code', left.code, 0);
  checks.check('logout: revoked there', provider.seen.revoked >= 1 && left.text.includes(`Signed out of ${url}`), left.text);
  await terminal.begin('leanmcp whoami');
  const nobody = await end_of();
  checks.check('whoami: nobody is left', nobody.code === 4 && nobody.text.includes('Nobody is signed in.'), nobody.text);
}

// A call that meets a challenge signs in by itself; and where no browser starts, the address is pasted back.
async function signs_in_within_a_call_by_pasting() {
  await terminal.begin(`leanmcp call ${url} getProfile`);
  await terminal.wait(/in the browser\? \[Y\/n\]/);
  terminal.type('n');
  await terminal.wait(/paste that one here:\n?$/);
  const address = shown_address(terminal.output(), `${provider.issuer}/`);
  // A browser elsewhere: it reaches the provider and not our loopback address, and shows the address that it cannot load.
  const elsewhere = await browser.newContext({ proxy: { server: 'http://127.0.0.1:9', bypass: `127.0.0.1:${ports.provider}` } });
  const page = await elsewhere.newPage();
  await page.goto(address);
  await page.getByLabel('Name').fill('grace');
  await page.getByRole('button', { name: 'Sign in' }).click();
  const failed = page.waitForEvent('request', (request) => request.url().includes('/callback?'));
  await page.getByRole('button', { name: 'Allow' }).click();
  const ended_at = (await failed).url();
  await elsewhere.close();
  terminal.type('http://127.0.0.1/callback?code=x&state=y');
  await terminal.wait(/That is not it\. Please paste the whole address/);
  // What a person pastes is on their screen; the code in it is used up and of no use without the verifier.
  pasted = new URL(ended_at).searchParams.get('code');
  terminal.type(ended_at);
  const { text, code } = await end_of('paste');
  checks.equal('paste: exit code', code, 0);
  checks.check('paste: the call is answered as the other person', text.includes('grace@example.com'), text);
  checks.equal('paste: the client registers once', provider.seen.registered.length, 1);
  checks.check('paste: no browser was opened', !fs.existsSync(handed_over));
}

async function says_no() {
  await terminal.begin(`leanmcp login ${url} --anew`);
  await terminal.wait(/\[Y\/n\]/);
  terminal.type('');
  const text = await signs_in(await address_given(), 'ada', 'no');
  checks.check('denied: the page tells nothing of it', /go back to the program/.test(text) && !/denied|script/.test(text), text);
  const { text: said, code } = await end_of('denied');
  checks.check('denied: exit code and words', code === 4 && said.includes('denied') && !said.includes('script'), said);
  await terminal.begin(`leanmcp call ${url} getProfile`);
  checks.check('denied: the earlier sign-in is still there', (await end_of()).text.includes('grace@example.com'));
}

async function gives_up() {
  await terminal.begin(`leanmcp login ${url} --anew`);
  await terminal.wait(/\[Y\/n\]/);
  terminal.key('C-d');
  const cancelled = await end_of();
  checks.check('end of input: given up', cancelled.code === 4 && cancelled.text.includes('cancelled'), cancelled.text);
  await terminal.begin(`leanmcp login ${url} --anew`);
  await terminal.wait(/\[Y\/n\]/);
  terminal.type('n');
  await terminal.wait(/paste that one here:\n?$/);
  terminal.key('C-d');
  const later = await end_of();
  checks.check('end of input while waiting: given up', later.code === 4 && later.text.includes('cancelled'), later.text);
  await terminal.begin(`leanmcp login ${url} --anew`);
  await terminal.wait(/\[Y\/n\]/);
  terminal.key('C-c');
  const interrupted = await end_of();
  checks.equal('Ctrl-C ends it', interrupted.code, 130);
}

// In scripts nobody is asked unless that is wanted.
async function without_a_terminal() {
  await terminal.begin(`leanmcp logout; leanmcp call ${url} getProfile < /dev/null`);
  const piped = await end_of();
  checks.check('no terminal: not asked, told how', piped.code === 4 && piped.text.includes(`To sign in: leanmcp login ${url}`) && !piped.text.includes('[Y/n]'), piped.text);
  await terminal.begin(`leanmcp call ${url} getProfile --json`);
  const json = await end_of();
  checks.check('--json: not asked', json.code === 4 && /\n\{"error":\{/.test(json.text) && !json.text.includes('[Y/n]'), json.text);
  await terminal.begin(`leanmcp call ${url} getProfile --json --login`);
  await terminal.wait(/\[Y\/n\]/);
  terminal.key('C-d');
  checks.equal('--json --login: asked', (await end_of()).code, 4);
}

async function passphrase() {
  await terminal.begin('rm -rf ~/.local ~/.config');
  await end_of();
  await terminal.begin(`leanmcp login ${url} --passphrase --scope 'openid email'`);
  await terminal.wait(/New passphrase for saved sign-ins:$/);
  terminal.type('open sesame');
  await terminal.wait(/The same again:$/);
  terminal.type('open sesam');
  await terminal.wait(/These two differ\.\nNew passphrase for saved sign-ins:$/);
  terminal.type('open sesame');
  await terminal.wait(/differ[\s\S]*The same again:$/);
  terminal.type('open sesame');
  await terminal.wait(/\[Y\/n\]/);
  terminal.type('y');
  await signs_in(await address_given(), 'ada');
  const { text, code } = await end_of();
  checks.check('passphrase: signed in, and nothing typed is shown', code === 0 && !text.includes('sesam'), text);
  for (const [typed, wanted] of [['open sesam', 9], ['open sesame', 0]]) {
    await terminal.begin('leanmcp whoami');
    await terminal.wait(/Passphrase for saved sign-ins:$/);
    terminal.type(typed);
    const { code: got, text: said } = await end_of();
    checks.check(`passphrase: "${typed}"`, got === wanted && said.includes(wanted === 0 ? 'ada@example.com' : 'does not open'), said);
  }
  fs.writeFileSync(path.join(folder, 'passphrase'), 'open sesame\n', { mode: 0o600 });
  await terminal.begin(`leanmcp whoami --passphrase-file ${folder}/passphrase`);
  checks.equal('passphrase: from a file', (await end_of()).code, 0);
}

// No token, code or verifier anywhere: not on the terminal, not in a file, not in what other users see.
function nothing_leaks() {
  const text = everything.join('\n');
  checks.check('there were secrets to look for', provider.seen.secrets.length > 10);
  checks.equal('no secret on the terminal', provider.seen.secrets.filter((secret) => secret !== pasted && text.includes(secret)).length, 0);
  const files = fs.readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const kept = files.map((entry) => fs.readFileSync(path.join(entry.parentPath, entry.name), 'latin1')).join('\n');
  checks.equal('no secret in a file', provider.seen.secrets.filter((secret) => kept.includes(secret)).length, 0);
  checks.equal('files are private', files.filter((entry) => fs.statSync(path.join(entry.parentPath, entry.name)).mode & 0o077).map(({ name }) => name), []);
}

await checks.step('list', lists_without_a_sign_in);
await checks.step('login', logs_in);
await checks.step('call', calls);
await checks.step('form', fills_in_a_form);
await checks.step('payment', pays);
await checks.step('whoami, logout', is_known_and_leaves);
await checks.step('paste', signs_in_within_a_call_by_pasting);
await checks.step('denied', says_no);
await checks.step('gives up', gives_up);
await checks.step('no terminal', without_a_terminal);
await checks.step('passphrase', passphrase);
await checks.step('secrets', nothing_leaks);
const guide = path.join(root, 'docs/guides/cli.md');
if (process.argv.includes('--write')) write_guide(guide, transcripts);
compare_with_guide(guide, transcripts, checks);
terminal.close();
await browser.close();
await stop_all();
await provider.stop();
fs.rmSync(folder, { recursive: true, force: true });
checks.finish();
