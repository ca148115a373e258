// Attacks in which a browser, a client or the provider is the attacker, each with the answer it must get. The numbers are
// those of the list in docs/security.md.
import { once } from 'node:events';
import http from 'node:http';
import { start_github } from '../connect/github.mjs';
import { free_port } from '../support/process.mjs';
import { start_mean_provider } from './mean_provider.mjs';
import { open_browser } from './pages.mjs';
import { fields_of, next_of, PlainClient, query_of, text_of, Visitor } from './visitor.mjs';
import { secrets, start_world, upstream_id } from './world.mjs';

const github_secret = 'github-secret-0123456789';

export async function run_attacks(checks) {
  let mean;
  const world = await start_world(async () => {
    mean = await start_mean_provider({ port: await free_port(), client_id: upstream_id, client_secret: secrets.upstream });
    return { UPSTREAM: 'oidc', UPSTREAM_ISSUER: mean.issuer, UPSTREAM_CLIENT_ID: upstream_id, UPSTREAM_CLIENT_SECRET: secrets.upstream };
  });
  const browser = await open_browser();
  const scene = { checks, world, mean, browser, seen: [], states: [] };
  for (const attack of [by_the_provider, with_states, on_consent, in_chromium, with_requests, at_registration])
    await checks.step(attack.name, () => attack(scene));
  await checks.step('github', () => in_githubs_shapes(checks, scene));
  // 57: whatever was secret in all of this.
  const log = world.server.output();
  checks.check('57 the log tells what happened', /oauth/.test(log) && log.length > 1000, log.slice(0, 500));
  checks.equal('57 and holds no secret', [...scene.seen, ...scene.states].filter((secret) => secret && log.includes(secret)), []);
  const stored = world.database_text();
  checks.equal('57 nor does the database', scene.seen.filter((secret) => secret && stored.includes(secret)), []);
  await browser.close();
  await world.stop();
  await mean.stop();
}

async function new_client(scene, metadata) {
  const client = new PlainClient(scene.world.issuer, scene.world.resource);
  await client.register(metadata);
  scene.seen.push(client.verifier);
  scene.states.push(client.state);
  return client;
}

// A consent page, open in a browser.
async function consent_page(scene, changed, visitor = new Visitor()) {
  const client = await new_client(scene);
  return { client, visitor, page: await visitor.request(client.url(changed)) };
}

// The whole way; where the client's browser ends.
async function whole_way(scene, visitor = new Visitor()) {
  const { client, page } = await consent_page(scene, {}, visitor);
  const end = await visitor.follow(await visitor.answer(page, { allow: 'oidc' }), client.is_mine);
  return { client, visitor, end, query: end.end ? query_of(end.end) : undefined };
}

// Up to the address that the provider sends the browser back to.
async function at_callback(scene, visitor = new Visitor()) {
  const { client, page } = await consent_page(scene, {}, visitor);
  const end = await visitor.follow(await visitor.answer(page, { allow: 'oidc' }), (url) => url.pathname.startsWith('/callback/'));
  scene.seen.push(end.end.searchParams.get('state'));
  return { client, visitor, url: end.end };
}

const is_stopped = (scene, name, answer, status) =>
  scene.checks.equal(name, [answer.status, answer.location, next_of(answer.html)], [status, null, undefined]);

async function by_the_provider(scene) {
  const { checks, mean } = scene;
  const client_gets = async (name, rules, error) => {
    Object.assign(mean.rules, rules);
    const { query, client, end } = await whole_way(scene);
    checks.equal(name, [query?.error, query?.state, query?.iss, query?.code], [error, client.state, scene.world.issuer, undefined]);
    checks.equal(`${name}: in our own words`, /<script|junk|evil/.test(decodeURIComponent(end.end?.href ?? '')), false);
    mean.reset();
  };
  const junk = { error: 'invalid_grant', error_description: '<script>junk</script>' };
  await client_gets('1 a junk code answered with 200 and an error', { token: () => [200, junk] }, 'server_error');
  await client_gets('1 a junk code answered with 400', { token: () => [400, junk] }, 'server_error');
  await client_gets('2 200 without a token', { token: () => [200, { ok: true }] }, 'server_error');
  await client_gets('2 200 with HTML', { token: () => [200, '<html>junk</html>', 'text/html'] }, 'server_error');
  await client_gets('3 userinfo fails', { userinfo: () => [500, { error: 'junk' }] }, 'temporarily_unavailable');
  await client_gets('3 userinfo of nobody', { userinfo: () => [200, { name: 'Ada' }] }, 'server_error');
  await client_gets('3 userinfo of somebody else', { userinfo: (good) => [200, { ...good, sub: 'evil' }] }, 'server_error');
  await client_gets('3 an ID token of nobody', { claims: ({ sub, ...rest }) => rest }, 'server_error');
  await client_gets('10 an unsigned ID token', { sign: (claims) => mean.unsigned(claims) }, 'server_error');
  await client_gets('10 one signed with the client secret', { sign: (claims) => mean.with_secret(claims, secrets.upstream.padEnd(32, 'x')) }, 'server_error');
  await client_gets('10 one for another client', { claims: (good) => ({ ...good, aud: 'evil' }) }, 'server_error');
  await client_gets('10 one of another sign-in', { claims: (good) => ({ ...good, nonce: 'evil' }) }, 'server_error');
  await client_gets('10 one of another issuer', { claims: (good) => ({ ...good, iss: 'https://evil.example' }) }, 'server_error');
  await client_gets('10 one that has expired', { claims: (good) => ({ ...good, exp: good.iat - 600 }) }, 'server_error');
  const with_script = { error: 'server_error', error_description: '<script>alert(1)</script>', error_uri: 'https://evil.example' };
  await client_gets('11 an error with a script in its description', { back: ({ state }) => ({ state, ...with_script }) }, 'server_error');
  await client_gets('11 a refusal there', { back: ({ state }) => ({ state, error: 'access_denied', error_description: 'junk' }) }, 'access_denied');

  mean.rules.back = (good) => ({ ...good, iss: 'https://evil.example' });
  is_stopped(scene, '9 an answer that names another issuer', (await whole_way(scene)).end, 400);
  mean.reset();

  const asked = mean.seen.authorize.length;
  const { client, query } = await whole_way(scene);
  const { createHash } = await import('node:crypto');
  const [authorize, token] = [mean.seen.authorize[asked], mean.seen.token.at(-1)];
  checks.equal('8 the provider gets a challenge', [authorize.code_challenge_method, createHash('sha256').update(token.code_verifier).digest('base64url')], ['S256', authorize.code_challenge]);
  checks.check('8 and nothing of the client\'s', ![authorize.state, authorize.code_challenge, token.code_verifier].some((one) => [client.state, client.verifier].includes(one)));
  let upstream;
  mean.rules.token = (good) => { upstream = good; return [200, good]; };
  const second = await whole_way(scene);
  const tokens = await second.client.token(second.query.code);
  const inside = JSON.stringify(tokens.body) + Buffer.from(tokens.body.access_token.split('.')[1], 'base64url');
  checks.equal('12 the provider\'s tokens stay here', [tokens.status, [upstream.access_token, upstream.refresh_token, upstream.id_token].filter((one) => inside.includes(one))], [200, []]);
  mean.reset();
  scene.seen.push(query.code, second.query.code, tokens.body.access_token, tokens.body.refresh_token, upstream.access_token, upstream.refresh_token, upstream.id_token, token.code_verifier, authorize.nonce);
}

async function with_states(scene) {
  const { mean, world, checks } = scene;
  const eve = await at_callback(scene);
  const before = mean.seen.token.length;
  is_stopped(scene, '4 the callback in another browser', await new Visitor('bob').request(eve.url, { site: 'cross-site' }), 403);
  const bob = await at_callback(scene, new Visitor('bob'));
  is_stopped(scene, '4 also with a sign-in of its own under way', await bob.visitor.request(eve.url, { site: 'cross-site' }), 403);
  is_stopped(scene, '7 an error with a good state, without the cookie',
    await new Visitor().request(`${world.issuer}/callback/oidc?error=access_denied&state=${eve.url.searchParams.get('state')}`), 403);
  for (const [what, state] of [['guessed', 'A'.repeat(43)], ['short', 'deadbeef'], ['empty', ''], ['of a client', eve.client.state]])
    is_stopped(scene, `5 a state that is ${what}`, await eve.visitor.request(`${world.issuer}/callback/oidc?code=x&state=${state}`), 400);
  checks.equal('4 5 7 no exchange for any of these', mean.seen.token.length, before);
  const cookies = new Map(eve.visitor.jar(eve.url));
  checks.equal('6 the owner goes on', (await eve.visitor.request(eve.url, { site: 'cross-site' })).status, 303);
  eve.visitor.jars.set(eve.url.host, cookies);
  is_stopped(scene, '6 the state once more', await eve.visitor.request(eve.url, { site: 'cross-site' }), 400);
  checks.equal('6 one exchange', mean.seen.token.length, before + 1);
  is_stopped(scene, '9 a callback of a provider that is not there', await bob.visitor.request(`${world.issuer}/callback/google${bob.url.search}`), 404);
}

async function on_consent(scene) {
  const { checks, world } = scene;
  const known = new Visitor('ada');
  await whole_way(scene, known);
  const another = await consent_page(scene, {}, known);
  checks.equal('13 a new client of a person who is signed in: asked, not sent on', [another.page.status, another.page.location, /Let “Plain” use/.test(another.page.html)], [200, null, true]);
  checks.equal('15 before approval nothing is bound', [...known.jar(another.page.url).keys()].filter((name) => name.includes('-go-')), []);

  const { page, visitor, client } = await consent_page(scene);
  const form = { ...fields_of(page.html), allow: 'oidc' };
  scene.seen.push(form.request, form.token);
  const send = (more, options) => visitor.request(`${world.issuer}/consent`, { form: { ...form, ...more }, site: 'same-origin', origin: 'null', ...options });
  is_stopped(scene, '14 without the token', await send({ token: '' }), 403);
  is_stopped(scene, '14 with another token', await send({ token: 'A'.repeat(43) }), 403);
  is_stopped(scene, '14 from another site', await send({}, { site: 'cross-site', origin: 'https://evil.example' }), 403);
  is_stopped(scene, '14 from a neighbour', await send({}, { site: 'same-site', origin: 'http://127.0.0.1:9' }), 403);
  is_stopped(scene, '14 from a frame without origin', await send({}, { site: 'cross-site', origin: 'null' }), 403);
  is_stopped(scene, '14 in another browser', await new Visitor().request(`${world.issuer}/consent`, { form, site: 'same-origin', origin: 'null' }), 403);
  const other = await consent_page(scene);
  is_stopped(scene, '14 the token of another page', await send({ token: fields_of(other.page.html).token }), 403);
  const on = await send({ client_id: other.client.client_id, redirect_uri: 'https://evil.example/', scope: 'notes:write', resource: 'https://evil.example' });
  const end = await visitor.follow(on, client.is_mine);
  const tokens = await client.token(query_of(end.end).code);
  const claims = JSON.parse(Buffer.from(tokens.body.access_token.split('.')[1], 'base64url'));
  checks.equal('18 what the form says of the request is ignored', [claims.client_id, claims.scope, claims.aud], [client.client_id, 'notes:read', world.resource]);
  is_stopped(scene, '14 the same page twice', await send({}), 403);
}

async function in_chromium(scene) {
  const { checks, world, browser } = scene;
  let body = '';
  const evil = http.createServer((_, response) => response.setHeader('content-type', 'text/html').end(body));
  evil.listen(0, '127.0.0.1');
  await once(evil, 'listening');
  const evil_url = `http://127.0.0.1:${evil.address().port}/`;
  const context = await browser.newContext();
  const page = await context.newPage();
  const scripts = [];
  page.on('dialog', (dialog) => { scripts.push(dialog.message()); dialog.dismiss(); });

  const named = await new_client(scene, { client_name: '<img src=x onerror=alert(1)>\u202Egnp\u2066\u200B' });
  await page.goto(named.url());
  const heading = await page.innerText('h1');
  checks.equal('17 a name with markup is text', [heading, await page.locator('img').count(), scripts], ['Let “<img src=x onerror=alert(1)>gnp” use 127.0.0.1?', 0, []]);
  const form = await page.evaluate(() => Object.fromEntries([...document.querySelectorAll('input[type=hidden]')].map((one) => [one.name, one.value])));

  body = `<iframe src="${named.url().replaceAll('&', '&amp;')}" name="inner"></iframe>`;
  await page.goto(evil_url);
  await page.waitForTimeout(200);
  const frame = page.frames().find((one) => one !== page.mainFrame());
  checks.equal('16 the page does not show in a frame', await frame.locator('button').count(), 0);

  // The worst case: the attacker knows what the form holds, and the browser has the form's cookie.
  body = `<form method="post" action="${world.issuer}/consent">${Object.entries({ ...form, allow: 'oidc' }).map(([name, value]) => `<input name="${name}" value="${value}">`).join('')}<button>Win</button></form>`;
  await page.goto(evil_url);
  const [response] = await Promise.all([page.waitForResponse((one) => one.url().endsWith('/consent')), page.click('button')]);
  checks.equal('14 a neighbour\'s form in a real browser', response.status(), 403);
  await context.close();
  evil.closeAllConnections();
  evil.close();
}

async function with_requests(scene) {
  const { checks, world } = scene;
  const client = await new_client(scene);
  const visitor = new Visitor();
  const stopped = async (name, changed) => is_stopped(scene, name, await visitor.request(client.url(changed)), 400);
  await stopped('19 a redirect that is not registered', { redirect_uri: 'https://evil.example/cb' });
  await stopped('21 no client', { client_id: undefined });
  await stopped('21 an unknown client', { client_id: 'nobody', redirect_uri: 'https://evil.example/cb' });
  await stopped('36 an access token as client id', { client_id: 'mcp_eyJhbGciOiJFUzI1NiJ9' });
  const web = await new_client(scene, { redirect_uris: ['https://ok.example/cb'], application_type: 'web' });
  for (const uri of ['https://ok.example@evil.example/cb', 'https://ok.example/cb/..%2fx', 'https://ok.example/cb/', 'https://ok.example/cb?x', 'https://ok.example.evil.example/cb', 'https://ok.example/CB', 'https://OK.example/cb'])
    is_stopped(scene, `22 ${uri}`, await visitor.request(web.url({ redirect_uri: uri })), 400);
  checks.equal('23 another port of loopback', (await visitor.request(client.url({ redirect_uri: 'http://127.0.0.1:9999/cb' }))).status, 200);
  for (const uri of ['http://127.0.0.1:8765/other', 'http://localhost:8765/cb', 'http://[::1]:8765/cb', 'http://127.0.0.1.evil.com:8765/cb'])
    await stopped(`23 ${uri}`, { redirect_uri: uri });

  const sent_back = async (name, changed, error) => {
    const answer = await visitor.request(client.url(changed));
    const query = answer.location ? query_of(answer.location) : {};
    checks.equal(name, [answer.status, query.error, query.state, query.iss, query.code], [303, error, client.state, world.issuer, undefined]);
  };
  await sent_back('24 no challenge', { code_challenge: undefined }, 'invalid_request');
  await sent_back('24 plain', { code_challenge_method: 'plain' }, 'invalid_request');
  await sent_back('24 no method', { code_challenge_method: undefined }, 'invalid_request');
  await sent_back('25 another resource', { resource: 'https://other.example' }, 'invalid_target');
  await sent_back('26 a scope that is not offered', { scope: 'admin' }, 'invalid_scope');
  await sent_back('26 also beside one that is', { scope: 'notes:read admin' }, 'invalid_scope');
  await sent_back('28 response_type=token', { response_type: 'token' }, 'unsupported_response_type');
  for (const more of ['&client_id=x', '&redirect_uri=https%3A%2F%2Fevil.example', '&a[]=1', '&state=2'])
    is_stopped(scene, `27 ${more}`, await visitor.request(client.url() + more), 400);
}

async function at_registration(scene) {
  const { checks } = scene;
  const registering = async (metadata) => {
    const client = new PlainClient(scene.world.issuer, scene.world.resource);
    const { status, body } = await client.register(metadata);
    return [status, body.error];
  };
  checks.equal('20 no redirects', await registering({ redirect_uris: [] }), [400, 'invalid_redirect_uri']);
  for (const uri of ['javascript:alert(1)', 'data:text/html,x', 'http://evil.example/cb', 'file:///etc/passwd', 'vbscript:x', 'https://*.example/cb', 'https://ok.example/cb#f', 'https://u:p@ok.example/cb', '/cb'])
    checks.equal(`47 ${uri}`, await registering({ redirect_uris: [uri] }), [400, 'invalid_redirect_uri']);
  for (const uri of ['http://127.0.0.1/cb', 'https://localhost/cb', 'http://localhost./cb'])
    checks.equal(`48 a web client at ${uri}`, await registering({ redirect_uris: [uri], application_type: 'web' }), [400, 'invalid_redirect_uri']);
}

async function in_githubs_shapes(checks, scene) {
  const github = await start_github({ port: await free_port(), client_id: 'gh-client', client_secret: github_secret });
  const world = await start_world(() => ({ UPSTREAM: 'github', UPSTREAM_BASE_URL: github.origin, UPSTREAM_CLIENT_ID: 'gh-client', UPSTREAM_CLIENT_SECRET: github_secret }));
  const there = { ...scene, world };
  const way = async () => {
    const { client, visitor, page } = await consent_page(there);
    const end = await visitor.follow(await visitor.answer(page, { allow: 'github' }), client.is_mine);
    return { client, query: end.end ? query_of(end.end) : {}, text: text_of(end.html) };
  };
  const { state } = github;
  const outcome = async () => { const { query } = await way(); return [query.error, query.code, /<script/.test(JSON.stringify(query))]; };
  state.break_exchange = true;
  checks.equal('1 GitHub refuses a code with status 200', await outcome(), ['server_error', undefined, false]);
  state.break_exchange = false;
  state.user = { login: 'octocat' };
  checks.equal('3 a login without a number is nobody', await outcome(), ['server_error', undefined, false]);
  state.user = { login: 'octocat', id: 1, email: null };
  state.decline = true;
  checks.equal('11 declined at GitHub, with a script in its words', await outcome(), ['access_denied', undefined, false]);
  state.decline = false;
  state.expires_in = 1;
  const { client, query } = await way();
  const tokens = await client.token(query.code);
  const claims = JSON.parse(Buffer.from(tokens.body.access_token.split('.')[1], 'base64url'));
  checks.equal('GitHub\'s number is the subject', claims.sub, 'github:1');
  const once_more = await client.refresh(tokens.body.refresh_token);
  checks.equal('what ran out there is refreshed there first', [once_more.status, state.refreshed], [200, 1]);
  state.refuse_refresh = true;
  const refused = await client.refresh(once_more.body.refresh_token);
  checks.equal('a sign-in that GitHub has ended has ended here', [refused.status, refused.body.error], [400, 'invalid_grant']);
  await world.stop();
  await github.stop();
}
