// prompt=login, max_age and login_hint through oidc-provider in chromium: who is signed in there signs in again, and no way
// around that ends with a code.
import { setTimeout as pause } from 'node:timers/promises';
import { start_chain_world } from './chain.mjs';
import { open_browser, picture, start_listener } from './pages.mjs';
import { PlainClient } from './visitor.mjs';

const payload_of = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url'));
const at_the_form = (page) => page.waitForURL((url) => url.pathname.startsWith('/interaction/'));

export async function run_again(checks) {
  const world = await start_chain_world();
  const listener = await start_listener();
  const browser = await open_browser();
  const client = new PlainClient(world.issuer, world.resource, listener.redirect_uri);
  await client.register();
  const { state } = world.upstream;
  const context = await browser.newContext();
  const url = (changed) => client.url({ scope: 'openid notes:read', ...changed });
  // Agrees here; `there` is what the person does at the provider, if it asks. Query and ID token, if there is one.
  const journey = async (page, changed, there = async () => {}) => {
    await page.goto(url(changed));
    const came = listener.next();
    await page.click('button.main');
    await there();
    const query = await came;
    await page.waitForSelector('h1:has-text("Back in the app")');
    const tokens = query.code ? (await client.token(query.code)).body : {};
    return { query, claims: tokens.id_token && payload_of(tokens.id_token), access: tokens.access_token && payload_of(tokens.access_token), tokens };
  };
  const sign_in = (page) => async () => {
    await at_the_form(page);
    await page.fill('input[name=name]', 'ada');
    await page.keyboard.press('Enter');
  };
  try {
    const page = await context.newPage();
    await journey(page, {}, sign_in(page));
    const plain = await journey(page, {});
    checks.equal('again: who is signed in there is let through', [state.signed_in, typeof plain.query.code], [1, 'string']);
    checks.equal('again: nobody said when that was', [plain.claims.auth_time, plain.access.auth_time], [undefined, undefined]);

    await pause(2_100);
    const recent = await journey(page, { max_age: '600' });
    checks.equal('again: max_age that the sign-in fits', [state.signed_in, state.authorize.at(-1).max_age, state.authorize.at(-1).prompt], [1, '600', undefined]);
    checks.check('again: auth_time is that of the sign-in, not of the way back', recent.claims.auth_time <= recent.claims.iat - 2, recent.claims);
    checks.equal('again: and in the access token too', recent.access.auth_time, recent.claims.auth_time);
    const refreshed = (await client.refresh(recent.tokens.refresh_token)).body;
    checks.equal('again: a refresh does not change it', payload_of(refreshed.access_token).auth_time, recent.claims.auth_time);

    const before = Math.floor(Date.now() / 1000);
    const login = await journey(page, { prompt: 'login', login_hint: 'ada@example.com' }, async () => {
      await at_the_form(page);
      await picture(page, 'again-at-the-provider');
      await sign_in(page)();
    });
    const asked = state.authorize.at(-1);
    checks.equal('again: prompt=login goes on to the provider', [asked.prompt, asked.max_age, asked.login_hint], ['login', '0', 'ada@example.com']);
    checks.equal('again: which asked, and the person signed in', state.signed_in, 2);
    checks.check('again: a new auth_time', login.claims.auth_time >= before, [login.claims, before]);
    await journey(page, { max_age: '0' }, sign_in(page));
    checks.equal('again: max_age=0 is the same', state.signed_in, 3);
    await pause(2_100);
    await journey(page, { max_age: '1' }, sign_in(page));
    checks.equal('again: a sign-in that is too old', state.signed_in, 4);

    // Somebody at the open browser, who has no password.
    const strip = (route) => {
      const to = new URL(route.request().url());
      for (const name of ['prompt', 'max_age']) to.searchParams.delete(name);
      return route.fulfill({ status: 302, headers: { location: `${world.upstream.issuer}/auth?${to.searchParams}&stripped=1` } });
    };
    const at_provider = (to) => to.origin === world.upstream.issuer && to.pathname === '/auth' && !to.searchParams.has('stripped');
    await context.route(at_provider, strip);
    for (const [changed, error] of [[{ prompt: 'login' }, 'login_required'], [{ max_age: '600' }, 'unmet_authentication_requirements']]) {
      const taken = await journey(page, changed);
      checks.equal(`again: attack: ${Object.keys(changed)} taken out of the address`, [taken.query.error, taken.query.code, taken.query.iss, state.signed_in],
        [error, undefined, world.issuer, 4]);
    }
    await context.unroute(at_provider);

    const parked = await context.newPage();
    await parked.goto(url({ prompt: 'login', state: 'parked' }));
    await parked.click('button.main');
    await at_the_form(parked);
    const two = await journey(page, { state: 'other' });
    checks.equal('again: attack: another tab comes back', [two.query.state, typeof two.query.code], ['other', 'string']);
    const answers = listener.queries.length;
    await parked.reload();
    await parked.waitForSelector('input[name=name]');
    checks.equal('again: attack: this one still asks', listener.queries.length, answers);
    await parked.goBack();
    await parked.goto(`${world.issuer}/authorize?${new URL(url({ prompt: 'login', state: 'once more' })).searchParams}`);
    await parked.click('button.main');
    await at_the_form(parked);
    checks.equal('again: attack: back, and on again', [await parked.locator('input[name=name]').count(), listener.queries.length], [1, answers]);

    let callback;
    page.on('request', (request) => { if (request.url().startsWith(`${world.issuer}/callback/`)) callback = request.url(); });
    await journey(page, { prompt: 'login' }, sign_in(page));
    const again = await page.goto(callback);
    checks.equal('again: attack: the way back opened once more', [again.status(), new URL(page.url()).origin], [400, world.issuer]);
  } finally {
    await browser.close();
    await listener.stop();
    await world.stop();
  }
}
