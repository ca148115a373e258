// Two instances behind one name on one PostgreSQL: each step of a browser's journey is another instance's than the step before.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import * as oauth from 'oauth4webapi';
import { bin } from '../support/process.mjs';
import { Browser, sign_in } from './browser.mjs';
import { code_flow, discover, introspect, refresh } from './oauth4webapi.mjs';
import { redirect_uri, secrets } from './world.mjs';

const plain = { [oauth.allowInsecureRequests]: true };
const password = 'a good long password';

export async function journeys(checks, world) {
  const as = await discover(world);
  const added = spawnSync(path.join(bin, 'leanmcp'), ['as', 'users', 'add', 'eve'], { input: `${password}\n`, env: { PATH: process.env.PATH, ...world.environment } });
  checks.equal('instances: a user of the servers\' own', added.status, 0);
  // Twice, so that what one instance did in the first round is the other's in the second.
  for (const round of ['first', 'second']) {
    const at = `instances, ${round} round`;
    await checks.step(`${at}: journeys`, async () => {
      const registered = await oauth.processDynamicClientRegistrationResponse(await oauth.dynamicClientRegistrationRequest(as, {
        client_name: 'Anywhere', redirect_uris: [redirect_uri], token_endpoint_auth_method: 'none', application_type: 'native',
        grant_types: ['authorization_code', 'refresh_token'],
      }, plain));
      const steps = [];
      const tokens = await code_flow(world, as, registered, oauth.None(), { at: async (step) => steps.push(step) });
      checks.check(`${at}: registration, consent, provider, callback and code`, steps[0] === 'consent' && steps.includes('login') && (await introspect(as, tokens.access_token)).active, steps);
      const next = await refresh(world, as, registered, oauth.None(), tokens.refresh_token);
      checks.equal(`${at}: refresh`, (await introspect(as, next.access_token)).active, true);
      const pushed = await code_flow(world, as, { client_id: 'web' }, oauth.ClientSecretBasic(secrets.web), { push: true });
      checks.equal(`${at}: a pushed request`, (await introspect(as, pushed.access_token)).active, true);
      const dpop = oauth.DPoP({ client_id: 'spa' }, await oauth.generateKeyPair('ES256'));
      checks.equal(`${at}: a token bound to a key`, (await code_flow(world, as, { client_id: 'spa' }, oauth.None(), { dpop })).token_type, 'dpop');
      const own = await code_flow(world, as, registered, oauth.None(), { own: { username: 'eve', password } });
      checks.check(`${at}: the servers\' own sign-in`, (await introspect(as, own.access_token)).sub.startsWith('local:'));
    });
    await checks.step(`${at}: refusals`, () => refusals(checks, world, as, at));
    world.balancer.skip();
  }
  await checks.step('instances: guesses', () => guesses(checks, world, as));
  const served = world.ports.map((port) => world.balancer.seen.get(port) ?? 0);
  checks.check('instances: both had about half of it', Math.min(...served) > 30 && Math.abs(served[0] - served[1]) <= 4, served);
}

// Ten wrong passwords a minute are ten of all instances together, whichever is asked.
async function guesses(checks, world, as) {
  const authorize = new URL(as.authorization_endpoint);
  authorize.search = new URLSearchParams({ client_id: 'spa', redirect_uri, response_type: 'code', state: 's',
    code_challenge: await oauth.calculatePKCECodeChallenge(oauth.generateRandomCodeVerifier()), code_challenge_method: 'S256' });
  const browser = new Browser();
  let page;
  const own = { username: 'mallory', password: 'wrong' };
  const stop = async (step, shown) => {
    if (step !== 'sign-in') return;
    page = shown;
    throw new Error('far enough');
  };
  await sign_in(browser, authorize.href, redirect_uri, { own, at: stop }).catch((error) => { if (!page) throw error; });
  const statuses = [];
  const begun = Date.now();
  for (let i = 0; i < 24; i += 1) {
    const answer = await browser.submit(page, page.forms[0], { ...own, sign_in: 'yes' });
    statuses.push(answer.status);
    if (answer.status === 403) page = answer;
  }
  const may = 10 + Math.ceil((Date.now() - begun) / 6000);
  const tried = statuses.filter((status) => status === 403).length;
  checks.check('instances: wrong passwords count together', tried >= 10 && tried <= may && statuses.every((status) => [403, 429].includes(status)), { may, statuses });
}

// What is good once is good once anywhere.
async function refusals(checks, world, as, at) {
  const parameters = async (state) => new URLSearchParams({ client_id: 'spa', redirect_uri, response_type: 'code', state, scope: 'mcp:read', resource: world.resource,
    code_challenge: await oauth.calculatePKCECodeChallenge(oauth.generateRandomCodeVerifier()), code_challenge_method: 'S256' });
  const authorize = new URL(as.authorization_endpoint);
  authorize.search = await parameters('one');
  const browser = new Browser();
  let callback;
  const watching = Object.assign(new Browser(), {
    request(url, options) {
      if (new URL(url).pathname.startsWith('/callback/')) callback = url;
      return browser.request(url, options);
    },
  });
  const back = new URL(await sign_in(watching, authorize.href, redirect_uri));
  checks.check(`${at}: back with a code`, back.searchParams.has('code') && callback, back.href);
  checks.equal(`${at}: a callback once more`, [(await browser.request(callback)).status, (await browser.request(callback)).status], [400, 400]);
  checks.equal(`${at}: a callback in another browser`, (await new Browser().request(callback)).status, 400);

  const web = oauth.ClientSecretBasic(secrets.web);
  const asked = await parameters('two');
  asked.set('client_id', 'web');
  const pushed = await oauth.processPushedAuthorizationResponse(as, { client_id: 'web' },
    await oauth.pushedAuthorizationRequest(as, { client_id: 'web' }, web, asked, plain));
  authorize.search = new URLSearchParams({ client_id: 'web', request_uri: pushed.request_uri });
  const first = await new Browser().open(authorize.href, { leaves: (url) => url.startsWith(redirect_uri) });
  const again = await fetch(authorize, { redirect: 'manual' });
  checks.check(`${at}: a pushed request once more`, first.forms?.length === 1 && again.status === 400, again.status);
}
