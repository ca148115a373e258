// Every official client, its sign-in from the bare URL, and its way to pay: mid-call, declined, abandoned, slowly, too slowly, without URL mode, without
// elicitation; two people and one link. The clients check each result against the tool's output schema themselves.
import fs from 'node:fs';
import path from 'node:path';
import { Checks } from '../support/checks.mjs';
import { root, sleep, start } from '../support/process.mjs';
import { browse, customer, kinds, open_shop, subject } from '../support/shop.mjs';
import { signs_in_from_the_bare_url } from './sign_in.mjs';
import { while_stripe_is_silent } from './silent_stripe.mjs';
import { over_stdio } from './stdio.mjs';
import { transcript, without_chance } from './transcript.mjs';

const full = process.argv.includes('--full');
const checks = new Checks('payments');
const shop = await open_shop();
await shop.restart();
// Each page allows its own style sheet by a word that is good once.
const without_nonce = (text) => text.replaceAll(/nonce="[^"]*"/g, 'nonce');
const accept = () => ({ action: 'accept' });
const link_of = (user) => shop.all('checkout/sessions').then((all) => all.filter((one) => one.metadata.userId === subject(user)));
// What Stripe tells is taken at once and applied a little later.
const becomes_premium = async (client) => {
  for (let i = 0; i < 600 && (await client.call('checkSubscription')).said.plan !== 'premium'; ++i) await sleep(100);
};

// Opens the link as that person would, and presses a button of the checkout page.
async function press(url, user, action) {
  const page = await browse(url, user);
  if (!page.url.pathname.startsWith('/checkout/')) return page;
  const answer = await fetch(page.url, {
    method: 'POST', redirect: 'manual', headers: { origin: page.url.origin }, body: new URLSearchParams({ action, terms: 'yes' }),
  });
  return { ...page, pressed: answer.status, location: answer.headers.get('location') };
}

function refusal(name, outcome) {
  checks.check(`${name}: refused as the original does`, !outcome.ok && outcome.said.error === 'Premium subscription required' &&
    outcome.said.upgradeAvailable === true, outcome.text);
  checks.check(`${name}: breaks no output schema`, outcome.data === undefined, outcome.data);
  checks.check(`${name}: with a link of ours`, outcome.said.paymentUrl?.startsWith(`${shop.base}/billing/go/`), outcome.said);
}

async function one_client(kind) {
  const name = (text) => `${kind}: ${text}`;
  const person = (what) => `${what}-${kind.replace('-', '')}`;
  const open = async (user, modes = {}) => {
    const client = await customer(shop, { kind, token: await shop.token(user), ...modes });
    await client.tools();
    return client;
  };

  await checks.step(name('prices'), async () => {
    const client = await open(person('price'));
    const tool = (await client.tools()).find(({ name: tool_name }) => tool_name === 'premiumFeature');
    checks.check(name('the listing says what it costs'), tool.description.includes('$9.99 a month') && tool.description.includes('$99.00 a year'), tool);
    checks.equal(name('and so does its _meta'), tool._meta?.['com.leanmcp/price']?.map(({ plan, amount, currency }) => [plan, amount, currency]),
      [['monthly', 999, 'usd'], ['yearly', 9900, 'usd']]);
    await client.close();
  });

  await checks.step(name('mid-call'), async () => {
    const user = person('mid');
    let pressed;
    const client = await open(user, { on_url: ({ url }) => { pressed = press(url, user, 'pay'); return accept(); } });
    const outcome = await client.call('premiumFeature', { data: 'x' });
    checks.check(name('gate, pay, the same call completes'), outcome.ok && outcome.data.result.includes('x'), outcome.text);
    checks.check(name('paid on the page'), (await pressed).location?.includes('/success'), await pressed);
    const again = await client.call('premiumFeature', { data: 'y' });
    checks.check(name('the next call is asked for nothing'), again.ok && client.asked.length === 1, again.text);
    await client.close();
  });

  await checks.step(name('declined'), async () => {
    const user = person('no');
    for (const action of ['decline', 'cancel']) {
      const client = await open(user, { on_url: () => ({ action }) });
      refusal(name(`URL ${action}ed`), await client.call('premiumFeature', { data: 'x' }));
      checks.equal(name(`URL ${action}ed: asked once`), client.asked.length, 1);
      await client.close();
    }
    checks.equal(name('declined twice: one checkout'), (await link_of(user)).length, 1);
  });

  await checks.step(name('cannot be asked'), async () => {
    const user = person('plain');
    const without_url = await open(user, { on_form: () => ({ action: 'decline' }) });
    refusal(name('without URL mode'), await without_url.call('premiumFeature', { data: 'x' }));
    checks.equal(name('without URL mode: no link in a form'), without_url.asked.length, 0);
    const without_any = await open(user);
    const outcome = await without_any.call('premiumFeature', { data: 'x' });
    refusal(name('without elicitation'), outcome);
    await press(outcome.said.paymentUrl, user, 'pay');
    await becomes_premium(without_any);
    checks.check(name('without elicitation: paid by the link, the next call works'), (await without_any.call('premiumFeature', { data: 'x' })).ok);
    await Promise.all([without_url.close(), without_any.close()]);
  });

  await checks.step(name('slow payer'), async () => {
    const user = person('slow');
    // Later than one round of 20 s.
    const client = await open(user, { on_url: ({ url }) => { sleep(23_000).then(() => press(url, user, 'pay')); return accept(); } });
    const started = Date.now();
    const outcome = await client.call('premiumFeature', { data: 'x' });
    checks.check(name('a slow payer: the same call completes'), outcome.ok && Date.now() - started > 22_000, `${Date.now() - started} ms: ${outcome.text}`);
    checks.equal(name('a slow payer is asked once'), client.asked.length, 1);
    await client.close();
  });

  if (full) {
    await checks.step(name('too slow'), async () => {
      const user = person('late');
      let link;
      const client = await open(user, { on_url: ({ url }) => { link = url; return accept(); } });
      const outcome = await client.call('premiumFeature', { data: 'x' });
      checks.equal(name('beyond the rounds: pending'), outcome.said.status, 'pending');
      checks.check(name('beyond the rounds: breaks no output schema'), outcome.data === undefined && !outcome.ok, outcome.result);
      await press(link, user, 'pay');
      await becomes_premium(client);
      checks.check(name('and the next call sees it paid'), (await client.call('premiumFeature', { data: 'x' })).ok);
      await client.close();
    });
  }

  await checks.step(name('abandoned'), async () => {
    const user = person('gone');
    const client = await open(user);
    const outcome = await client.call('premiumFeature', { data: 'x' });
    const page = await press(outcome.said.paymentUrl, user, 'cancel');
    checks.check(name('abandoned: back at /cancelled'), page.location === `${shop.base}/cancelled`, page.location);
    const again = await client.call('premiumFeature', { data: 'x' });
    checks.equal(name('abandoned: the same link stays good'), again.said.paymentUrl, outcome.said.paymentUrl);
    const [session] = await link_of(user);
    await shop.control(`expire/${session.id}`);
    let fresh = again;
    const is_new = ({ said }) => said.paymentUrl && said.paymentUrl !== outcome.said.paymentUrl;
    for (let i = 0; i < 600 && !is_new(fresh); ++i) {
      await sleep(100);
      fresh = await client.call('premiumFeature', { data: 'x' });
    }
    checks.check(name('expired: a new link'), is_new(fresh), fresh.said);
    const old = await browse(outcome.said.paymentUrl, user);
    checks.check(name('expired: the old link leads nowhere'), old.url.host === new URL(shop.base).host && !old.url.pathname.startsWith('/success'), old.url);
    await client.close();
  });

  await checks.step(name('two people'), async () => {
    const [owner, other] = [person('owner'), person('thief')];
    const client = await open(owner);
    const { said } = await client.call('premiumFeature', { data: 'x' });
    const theirs = await browse(said.paymentUrl, other);
    checks.check(name("another's link: a neutral refusal"), theirs.status >= 400 && !theirs.text.includes(owner) && !theirs.text.includes('cs_test'), theirs.text);
    const unknown = await browse(`${shop.base}/billing/go/${'A'.repeat(22)}`, other);
    checks.equal(name('the same page as for a link that never was'), [unknown.status, without_nonce(unknown.text)], [theirs.status, without_nonce(theirs.text)]);
    const [session] = await link_of(owner);
    checks.equal(name("another's link: nothing changes"), [session.status, (await link_of(other)).length], ['open', 0]);
    await client.close();
  });

  await checks.step(name('upgrade'), async () => {
    const user = person('up');
    const client = await open(user, { on_form: () => ({ action: 'accept', content: { plan: 'yearly', confirm: true } }) });
    const outcome = await client.call('upgrade');
    checks.check(name('upgrade: message, paymentUrl, sessionId'), outcome.ok && outcome.data.message && outcome.data.paymentUrl && outcome.data.sessionId, outcome.text);
    checks.equal(name('upgrade: status, url, retryTool'), [outcome.data.status, outcome.data.url, outcome.data.retryTool],
      ['payment_required', outcome.data.paymentUrl, 'checkSubscription']);
    checks.check(name('upgrade: expiresAt'), Date.parse(outcome.data.expiresAt) > Date.now(), outcome.data.expiresAt);
    const page = await press(outcome.data.paymentUrl, user, 'delayed');
    checks.check(name('upgrade: paid by bank debit'), page.location?.includes('/success'), page.location);
    await sleep(300);
    checks.check(name('upgrade: not before the money is there'), !(await client.call('premiumFeature', { data: 'x' })).ok);
    await shop.control(`settle/${outcome.data.sessionId}?paid=true`);
    await becomes_premium(client);
    checks.check(name('upgrade: then at once'), (await client.call('premiumFeature', { data: 'x' })).ok);
    await client.close();
  });
}

async function guide() {
  const text = fs.readFileSync(path.join(root, 'docs/guides/adding-auth-and-payment.md'), 'utf8');
  const shown = /```text\n(# ada, with[\s\S]*?)```/.exec(text)?.[1].trimEnd().split('\n') ?? [];
  const real = await transcript();
  checks.equal("the guide's session is what happens", shown.map(without_chance), real.map(without_chance));
}

await Promise.all([...kinds.map(one_client), checks.step('silent', () => while_stripe_is_silent(checks))]);
await signs_in_from_the_bare_url(checks, shop);
await shop.close();
await checks.step('stdio', () => over_stdio(checks));
await checks.step('guide', guide);
await checks.step('start-up', async () => {
  for (const port of ['abc', '99999', '80x']) {
    const stopped = await start('premium-service', [], { bare: true, env: { PORT: port } });
    const code = await stopped.exited;
    checks.check(`PORT=${port}: stops and says why`, code === 2 && stopped.output().includes(`premium-service: PORT: '${port}' is no port`), `${code}: ${stopped.output()}`);
  }
});
checks.finish();
