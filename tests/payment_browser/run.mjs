// Paying in a real browser (chromium by playwright-core): a waiting tool call offers the link, the person signs in, pays
// and sees the result, and the same call completes. Screenshots are kept in build/artefacts/payment_browser.
import fs from 'node:fs';
import path from 'node:path';
import { Checks } from '../support/checks.mjs';
import { open_chromium } from '../support/chromium.mjs';
import { root, sleep } from '../support/process.mjs';
import { customer, open_shop, password, subject } from '../support/shop.mjs';

const checks = new Checks('payment_browser');
const pictures = process.env.ARTEFACTS ?? path.join(root, 'build/artefacts/payment_browser');
fs.mkdirSync(pictures, { recursive: true });
const shop = await open_shop();
await shop.restart();
const browser = await open_chromium();

const phone = { width: 320, height: 640 };
const desktop = { width: 1100, height: 800 };

// A page that reports what a policy or a script did wrong.
async function person(viewport) {
  const context = await browser.newContext({ viewport, reducedMotion: 'reduce' });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) complaints.push(message.text()); });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { context, page, complaints, close: () => context.close() };
}

async function look(page, name, { sandbox }) {
  await page.screenshot({ path: path.join(pictures, `${name}.png`), fullPage: true });
  const seen = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    scripts: document.querySelectorAll('script, [onclick], [onload], [onsubmit]').length,
    language: document.documentElement.lang,
    heading: document.querySelectorAll('h1').length,
    // eslint-disable-next-line no-undef
    smallest: Math.min(...[...document.querySelectorAll('p, button, dd, dt, label')].map((e) => parseFloat(getComputedStyle(e).fontSize))),
    low: [...document.querySelectorAll('button, a.button')].filter((e) => e.getBoundingClientRect().height < 40).length,
    text: document.body.innerText.toLowerCase(),
    title: document.title,
  }));
  checks.check(`${name}: fits the width`, !seen.wide);
  checks.equal(`${name}: no script, no handler`, seen.scripts, 0);
  checks.check(`${name}: has a language, a title and one heading`, seen.language === 'en' && seen.title.length > 0 && seen.heading === 1, seen);
  checks.check(`${name}: text is 14 px or more`, seen.smallest >= 14, seen.smallest);
  checks.equal(`${name}: buttons are big enough for a finger`, seen.low, 0);
  if (sandbox) checks.check(`${name}: says sandbox`, seen.text.includes('sandbox'), seen.text.slice(0, 200));
}

// Goes from control to control by the Tab key until the wanted one has the focus, then presses Enter or Space.
async function press_by_keyboard(page, wanted, key = 'Enter') {
  for (let i = 0; i < 30; ++i) {
    await page.keyboard.press('Tab');
    const focus = await page.evaluate(() => ({
      name: document.activeElement.innerText?.trim() || document.activeElement.closest('label')?.innerText.trim() || '',
      outline: getComputedStyle(document.activeElement).outlineStyle,
    }));
    if (wanted.test(focus.name)) {
      checks.check(`focus on "${focus.name.slice(0, 30)}" can be seen`, focus.outline !== 'none', focus);
      await page.keyboard.press(key);
      return;
    }
  }
  throw new Error(`no control ${wanted} can be reached by keyboard`);
}

// Does what leads to another page, and is back when that one is there: the old one is "loaded" for some time yet.
async function to_next_page(page, action) {
  await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), action()]);
}

// Agrees at the sandbox's authorization server and signs in there; the password is the one that its page tells.
async function signs_in(page, user, { press, label } = {}) {
  await (press ? press(/^Allow, and sign in/) : page.getByText(/^Allow, and sign in/).click());
  await page.waitForSelector('input[name=password]');
  const told = /“([^”]+)”\./.exec(await page.innerText('.note'))?.[1];
  checks.equal('the sign-in page tells the password', told, password);
  if (label) await look(page, `${label}-2-sign-in`, { sandbox: true });
  await page.fill('input[name=username]', user);
  await page.fill('input[name=password]', told);
  // The answer is a page that leads on by itself (see the form-action of its policy).
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => !['/authorize', '/consent', '/sign-in'].includes(url.pathname));
}

// The redirect may be faster than what Stripe tells, and Stripe is asked now and then only: the person looks again.
async function comes_to(page, words) {
  for (let i = 0; i < 20 && !(await page.innerText('body')).includes(words); ++i) {
    await page.waitForTimeout(1000);
    await page.reload();
  }
}

async function headers_of(page, navigation, name) {
  const [response] = await Promise.all([page.waitForResponse((r) => r.request().isNavigationRequest() && r.status() < 300), navigation()]);
  const policy = (await response.headerValue('content-security-policy')) ?? '';
  checks.check(`${name}: policy allows no script and no frame`, policy.includes("default-src 'none'") &&
    policy.includes("frame-ancestors 'none'") && !/script-src|unsafe-inline/.test(policy), policy);
  return response;
}

// One purchase from the tool call to its answer.
async function buys(user, viewport, keyboard, label) {
  const visitor = await person(viewport);
  const { page } = visitor;
  let opened;
  const link = new Promise((resolve) => { opened = resolve; });
  const client = await customer(shop, {
    token: await shop.token(user), on_url: (params) => { opened(params); return { action: 'accept' }; },
  });
  const calling = client.call('premiumFeature', { data: label });
  const asked = await link;
  // A random id and nothing else: that may read like a short name by chance.
  const id = asked.url.replace(`${shop.base}/billing/go/`, '');
  checks.check(`${label}: the link is ours, and names nobody`, /^[\w-]{22}$/.test(id) &&
    !Buffer.from(id, 'base64url').includes(subject(user)), asked);

  const arrived = await headers_of(page, () => page.goto(asked.url), `${label}: consent`);
  checks.check(`${label}: the provider asks who it is`, arrived.url().startsWith(shop.sandbox_url), arrived.url());
  await look(page, `${label}-1-consent`, { sandbox: true });
  const press = (wanted, key) => (keyboard ? press_by_keyboard(page, wanted, key) : page.getByText(wanted).first().click());
  await signs_in(page, user, { press, label });
  await headers_of(page, () => page.reload(), `${label}: checkout`);
  await look(page, `${label}-3-checkout`, { sandbox: true });
  checks.check(`${label}: the price stands there`, (await page.innerText('body')).includes('$9.99'));

  await to_next_page(page, () => press(/declined/i));
  checks.check(`${label}: terms come first`, (await page.innerText('body')).includes('agree'), await page.innerText('body'));
  await press(/I agree/i, 'Space');
  await to_next_page(page, () => press(/declined/i));
  await look(page, `${label}-4-declined`, { sandbox: true });
  checks.check(`${label}: a declined card is said, and nothing is charged`, (await page.getByRole('alert').innerText()).includes('declined'));
  await press(/I agree/i, 'Space');
  await headers_of(page, () => press(/^Pay \$9/), `${label}: result`);
  await page.waitForURL(/\/success/).catch(() => {});
  checks.check(`${label}: back at the service`, page.url().startsWith(`${shop.base}/success?session_id=cs_`), page.url());
  await comes_to(page, 'premium is yours');
  await look(page, `${label}-5-success`, {});
  checks.check(`${label}: which says what was bought`, (await page.innerText('body')).includes('premium is yours'), await page.innerText('body'));

  const result = await calling;
  checks.check(`${label}: the waiting call completes`, result.ok && result.data?.result?.includes(label), result.text);
  checks.equal(`${label}: it was asked once`, client.asked.length, 1);
  checks.equal(`${label}: the browser found nothing to complain about`, visitor.complaints.filter((text) => !/402|favicon/.test(text)), []);
  await page.goto(asked.url);
  await signs_in(page, user);
  await page.waitForURL(/success/).catch(() => {});
  checks.check(`${label}: the link again shows the result, not a second payment`, page.url().includes('/success'), page.url());
  await client.close();
  await visitor.close();
}

async function someone_elses_link() {
  const client = await customer(shop, { token: await shop.token('alan') });
  const begun = await client.call('upgrade', { plan: 'monthly' });
  const visitor = await person(phone);
  await visitor.page.goto(begun.said.paymentUrl);
  await signs_in(visitor.page, 'grace');
  const text = await visitor.page.innerText('body');
  await look(visitor.page, 'other-1-refused', {});
  checks.check("another's link: a neutral page", !/alan|stripe|pay|cs_/i.test(text) && !visitor.page.url().includes('/checkout/'), text);
  const [session] = (await shop.all('checkout/sessions')).filter((one) => one.metadata.userId === subject('alan'));
  checks.equal("another's link: nothing changed", session.status, 'open');
  checks.equal("another's link: still free", (await client.call('checkSubscription')).said.plan, 'free');
  await client.close();
  await visitor.close();
}

async function abandons_and_manages() {
  const visitor = await person(desktop);
  const { page } = visitor;
  const client = await customer(shop, { token: await shop.token('alan') });
  const begun = await client.call('upgrade', { plan: 'monthly' });
  await page.goto(begun.said.paymentUrl);
  await signs_in(page, 'alan');
  await to_next_page(page, () => page.getByText('Go back without paying').click());
  checks.check('going back leads to /cancelled', page.url() === `${shop.base}/cancelled`, page.url());
  await look(page, 'cancelled', {});

  const later = await client.call('upgrade', { plan: 'monthly' });
  await page.goto(later.said.paymentUrl);
  await signs_in(page, 'alan');
  await page.getByText(/I agree/).click();
  await page.getByText(/bank debit/).click();
  await page.waitForURL(/success/).catch(() => {});
  await comes_to(page, 'on its way');
  await look(page, 'on-its-way', {});
  checks.check('money that takes days is said', (await page.innerText('body')).includes('on its way'), await page.innerText('body'));

  const paid = await customer(shop, { token: await shop.token('ada') });
  const again = await paid.call('upgrade', { plan: 'monthly' });
  await page.context().clearCookies();
  await page.goto(again.said.paymentUrl);
  await signs_in(page, 'ada');
  await look(page, 'portal', { sandbox: true });
  await to_next_page(page, () => page.getByText('End it with the paid period').click());
  checks.check('the portal ends the subscription with its period', (await page.innerText('body')).includes('Ends'));
  const [own] = (await shop.all('subscriptions', '&status=all')).filter((one) => one.metadata.userId === subject('ada'));
  checks.equal('it ends at Stripe', own.cancel_at_period_end, true);
  await paid.close();
  await client.close();
  await visitor.close();
}

await checks.step('ada buys on a phone, by keyboard', () => buys('ada', phone, true, 'phone'));
await checks.step('grace buys on a desktop, by pointer', () => buys('grace', desktop, false, 'desktop'));
await checks.step("another's link", someone_elses_link);
await checks.step('abandon, then the portal', abandons_and_manages);
await sleep(100);
await browser.close();
const leaked = shop.service.output().match(/cs_test_\w+|eyJ[\w-]{20,}|\/p\/session\/\w+/g) ?? [];
checks.equal('no token and no link in the log', leaked, []);
await shop.close();
console.log(`  screenshots: ${pictures}`);
checks.finish();
