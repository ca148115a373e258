// Client -> authorization server -> oidc-provider -> back, in chromium: by mouse, by keyboard, on a phone, in the dark.
import { free_port } from '../support/process.mjs';
import { complaints_of, inspect, open_browser, phone, picture, start_listener, tab_to } from './pages.mjs';
import { start_upstream } from './upstream.mjs';
import { PlainClient } from './visitor.mjs';
import { secrets, start_world, upstream_id } from './world.mjs';

const payload_of = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url'));

export async function start_chain_world(extra = {}) {
  let upstream;
  const world = await start_world(async (issuer) => {
    upstream = await start_upstream({ port: await free_port(), client_id: upstream_id, client_secret: secrets.upstream, redirect_uris: [`${issuer}/callback/oidc`] });
    return { UPSTREAM: 'oidc', UPSTREAM_ISSUER: upstream.issuer, UPSTREAM_LABEL: 'Example ID', UPSTREAM_CLIENT_ID: upstream_id, UPSTREAM_CLIENT_SECRET: secrets.upstream };
  }, extra);
  const stop = world.stop;
  return { ...world, upstream, stop: async () => { await stop(); await upstream.stop(); } };
}

// Signs in at the provider's form.
async function sign_in_there(page, name) {
  await page.waitForURL((url) => url.pathname.startsWith('/interaction/'));
  await page.fill('input[name=name]', name);
  await page.keyboard.press('Enter');
}

export async function run_chain(checks) {
  const world = await start_chain_world({ REMEMBER_CONSENT: '1' });
  const listener = await start_listener();
  const browser = await open_browser();
  try {
    await the_whole_way(checks, world, listener, browser);
    await by_keyboard(checks, world, listener, browser);
    await said_no(checks, world, listener, browser);
    await remembered(checks, world, listener, browser);
    await two_tabs(checks, world, listener, browser);
    await stopped(checks, world, listener, browser);
  } finally {
    await browser.close();
    await listener.stop();
    await world.stop();
  }
}

async function the_whole_way(checks, world, listener, browser) {
  const client = new PlainClient(world.issuer, world.resource, listener.redirect_uri);
  const registered = await client.register({ client_name: 'Notebook <b>Pro</b>' });
  checks.equal('chain: the client registers by itself', registered.status, 201);
  const context = await browser.newContext({ viewport: phone });
  const page = await context.newPage();
  const complaints = complaints_of(page, world.issuer);
  const response = await page.goto(client.url({ scope: 'notes:read notes:write' }));
  await inspect(checks, page, response, 'consent-phone');
  const text = await page.innerText('main');
  for (const [what, words] of [['what it calls itself', 'Notebook <b>Pro</b>'], ['that nobody checked that', 'Unverified'], ['what it may do', 'Change and delete your notes'],
    ['where the answer goes', new URL(listener.redirect_uri).host], ['the whole address', listener.redirect_uri], ['that it is this computer', 'this computer'],
    ['for which server', world.resource], ['what is asked of the provider', 'Example ID for: openid, profile, email']]) {
    checks.check(`chain: the page says ${what}`, text.includes(words), text);
  }
  checks.equal('chain: nobody was sent to the provider before', world.upstream.state.authorize.length, 0);
  checks.equal('chain: one cookie, of the form', (await context.cookies()).map((c) => [c.name.replace(/-\w{16}$/, ''), c.httpOnly, c.sameSite]), [['leanmcp-form', true, 'Lax']]);
  const came = listener.next();
  await page.click('button:has-text("Allow, and sign in with Example ID")');
  await sign_in_there(page, 'ada');
  const query = await came;
  await page.waitForSelector('h1:has-text("Back in the app")');
  checks.equal('chain: code, state and iss come back once', [Object.keys(query).sort(), query.state, query.iss], [['code', 'iss', 'state'], client.state, world.issuer]);
  checks.equal('chain: PKCE and a fresh state on the way to the provider',
    [world.upstream.state.authorize[0].code_challenge_method, world.upstream.state.authorize[0].code_challenge.length, world.upstream.state.authorize[0].state !== client.state], ['S256', 43, true]);
  checks.equal('chain: no cookie of ours is left', (await context.cookies(world.issuer)).filter((c) => c.name.startsWith('leanmcp-')), []);
  checks.equal('chain: the browser has nothing to complain about', complaints, []);

  const tokens = await client.token(query.code);
  checks.equal('chain: the code is worth tokens', [tokens.status, tokens.body.token_type, tokens.headers.get('cache-control')], [200, 'Bearer', 'no-store']);
  const claims = payload_of(tokens.body.access_token);
  checks.equal('chain: the token is for that server and person', [claims.iss, claims.aud, claims.sub, claims.client_id, claims.scope],
    [world.issuer, world.resource, 'oidc:user-ada', client.client_id, 'notes:read notes:write']);
  const again = await client.refresh(tokens.body.refresh_token);
  checks.equal('chain: and can be refreshed', again.status, 200);
  await context.close();

  const wide = await browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme: 'dark' });
  const dark = await wide.newPage();
  await inspect(checks, dark, await dark.goto(client.url()), 'consent-dark');
  await wide.close();
}

async function by_keyboard(checks, world, listener, browser) {
  const client = new PlainClient(world.issuer, world.resource, listener.redirect_uri);
  await client.register();
  const context = await browser.newContext({ viewport: phone });
  const page = await context.newPage();
  await page.goto(client.url());
  const came = listener.next();
  await tab_to(checks, page, /Allow, and sign in/);
  await page.keyboard.press('Enter');
  await sign_in_there(page, 'kim');
  checks.equal('keyboard: signed in', typeof (await came).code, 'string');
  await context.close();
}

async function said_no(checks, world, listener, browser) {
  const client = new PlainClient(world.issuer, world.resource, listener.redirect_uri);
  await client.register();
  const context = await browser.newContext({ viewport: phone });
  const page = await context.newPage();
  const complaints = complaints_of(page, world.issuer);
  await page.goto(client.url());
  const came = listener.next();
  await page.click('button:has-text("Do not allow")');
  const query = await came;
  checks.equal('no: the client is told', [query.error, query.state, query.iss, query.code], ['access_denied', client.state, world.issuer, undefined]);
  checks.equal('no: chromium let the page go on', complaints, []);
  await context.close();
}

async function remembered(checks, world, listener, browser) {
  const client = new PlainClient(world.issuer, world.resource, listener.redirect_uri);
  await client.register({ client_name: 'Remembered' });
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(client.url());
  let came = listener.next();
  await page.check('input[name=remember]');
  await picture(page, 'consent-remember');
  await page.click('button.main');
  await sign_in_there(page, 'rose');
  // The answer is here before the browser has come to rest, and it goes nowhere else until then.
  const rest = (state) => page.waitForURL((url) => url.href.startsWith(listener.redirect_uri) && url.searchParams.get('state') === state);
  await rest((await came).state);
  came = listener.next();
  await page.goto(client.url({ state: 'second' }));
  checks.equal('remembered: the second time nobody is asked', (await came).state, 'second');
  await rest('second');
  await page.goto(client.url({ scope: 'notes:read notes:write' }));
  checks.equal('remembered: but for more than that', await page.locator('button.main').count(), 1);
  await page.goto(`${world.upstream.issuer}/nothing-here`);
  await page.setContent(`<a href="${client.url({ state: 'third' }).replaceAll('&', '&amp;')}">go</a>`);
  await page.click('a');
  await page.waitForSelector('button.main');
  checks.check('remembered: and not for a link on another site', true);
  await context.close();
}

async function two_tabs(checks, world, listener, browser) {
  const client = new PlainClient(world.issuer, world.resource, listener.redirect_uri);
  await client.register();
  const context = await browser.newContext();
  const [one, two] = [await context.newPage(), await context.newPage()];
  await Promise.all([one.goto(client.url({ state: 'one' })), two.goto(client.url({ state: 'two' }))]);
  let came = listener.next();
  await two.click('button.main');
  await sign_in_there(two, 'tina');
  checks.equal('two tabs: the second', (await came).state, 'two');
  came = listener.next();
  await one.click('button.main');
  checks.equal('two tabs: and then the first', (await came).state, 'one');
  await context.close();
}

async function stopped(checks, world, listener, browser) {
  const client = new PlainClient(world.issuer, world.resource, listener.redirect_uri);
  await client.register();
  const context = await browser.newContext({ viewport: phone });
  const page = await context.newPage();
  const response = await page.goto(client.url({ redirect_uri: 'https://evil.example/cb' }));
  checks.equal('stopped: 400', response.status(), 400);
  await inspect(checks, page, response, 'stopped');
  checks.equal('stopped: at our own address', new URL(page.url()).origin, world.issuer);
  // A page that was answered is of no more use, from the history too.
  await page.goto(client.url());
  const form = await page.evaluate(() => Object.fromEntries([...document.querySelectorAll('input[type=hidden]')].map((one) => [one.name, one.value])));
  const came = listener.next();
  await page.click('button:has-text("Do not allow")');
  await came;
  await page.waitForSelector('h1:has-text("Back in the app")');
  const again = await context.request.post(`${world.issuer}/consent`, { form: { ...form, allow: 'oidc' }, headers: { 'sec-fetch-site': 'same-origin' } });
  checks.equal('stopped: a page that was answered', again.status(), 403);
  await context.close();
}
