// The server is killed (SIGKILL) and started again in the middle of each step: the user can go on or gets a clean error,
// and no code or refresh token works twice.
import * as oauth from 'oauth4webapi';
import { sleep } from '../support/process.mjs';
import { Browser, sign_in } from './browser.mjs';
import { code_flow, discover, refresh } from './oauth4webapi.mjs';
import { redirect_uri } from './world.mjs';

const plain = { [oauth.allowInsecureRequests]: true };
const client = { client_id: 'spa' };

async function again(world) {
  await world.kill();
  await world.start();
}

const post = async (world, path, form) => {
  const answer = await fetch(`${world.issuer}${path}`, { method: 'POST', body: new URLSearchParams(form) });
  return { status: answer.status, body: await answer.json() };
};

// A browser whose request to one path is interrupted by the server's death; it loads the page again.
class Interrupted extends Browser {
  constructor(world, path, delay) {
    super();
    Object.assign(this, { world, path, delay, interrupted: false });
  }

  async request(url, options) {
    if (this.interrupted || new URL(url).pathname !== this.path) return super.request(url, options);
    this.interrupted = true;
    await killed_while(this.world, () => super.request(url, options), this.delay);
    return super.request(url, options);
  }
}

// Sends a request and kills the server meanwhile, after so many milliseconds; undefined when no answer came.
async function killed_while(world, work, delay) {
  const answered = work().catch(() => undefined);
  await sleep(delay);
  await again(world);
  return answered;
}

export async function run(checks, world) {
  const as = await discover(world);
  // Between the steps: whatever is shown to the user is answered by a server that has forgotten everything but its database.
  for (const step of ['consent', 'login', 'grant']) {
    await checks.step(`killed while the user is at "${step}"`, async () => {
      let killed = 0;
      const tokens = await code_flow(world, as, client, oauth.None(), {
        person: `kill-${step}`,
        at: async (now) => {
          if (now !== step || killed > 0) return;
          killed += 1;
          await again(world);
        },
      });
      checks.equal(`killed at "${step}", once`, killed, 1);
      checks.check(`killed at "${step}": the user went on`, tokens.access_token);
    });
  }
  await checks.step('killed between pushing and authorizing', async () => {
    const verifier = oauth.generateRandomCodeVerifier();
    const parameters = { client_id: 'spa', redirect_uri, response_type: 'code', state: 's', code_challenge_method: 'S256',
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier) };
    const pushed = await oauth.processPushedAuthorizationResponse(as, client,
      await oauth.pushedAuthorizationRequest(as, client, oauth.None(), parameters, plain));
    await again(world);
    const authorize = `${as.authorization_endpoint}?${new URLSearchParams({ client_id: 'spa', request_uri: pushed.request_uri })}`;
    const back = new URL(await sign_in(new Browser(), authorize, redirect_uri));
    checks.check('the pushed request was kept', back.searchParams.get('code'));
    // Between the code and the token request.
    await again(world);
    const form = { grant_type: 'authorization_code', code: back.searchParams.get('code'), redirect_uri, code_verifier: verifier, client_id: 'spa' };
    const first = await post(world, '/token', form);
    checks.equal('the code was kept', first.status, 200);
    await again(world);
    checks.equal('and works once, also after another start', (await post(world, '/token', form)).body.error, 'invalid_grant');
    checks.equal('which ended what came of it', (await post(world, '/token',
      { grant_type: 'refresh_token', refresh_token: first.body.refresh_token, client_id: 'spa' })).body.error, 'invalid_grant');
  });
  await checks.step('killed between registration and sign-in', async () => {
    const registered = await post_json(world, '/register', { client_name: 'x', redirect_uris: [redirect_uri], token_endpoint_auth_method: 'none' });
    await again(world);
    const tokens = await code_flow(world, as, { client_id: registered.client_id }, oauth.None());
    checks.check('the client is known', tokens.access_token);
    await again(world);
    const key_ids = (await (await fetch(as.jwks_uri)).json()).keys.map(({ kid }) => kid);
    const { kid } = JSON.parse(Buffer.from(tokens.access_token.split('.')[0], 'base64url'));
    checks.check('the signing key is the same', key_ids.includes(kid));
  });

  for (const path of ['/authorize', '/consent', '/callback/oidc']) {
    await checks.step(`killed during ${path}`, async () => {
      const outcomes = { went_on: 0, clean_error: 0 };
      for (let delay = 0; delay < 6; delay += 1) {
        const browser = new Interrupted(world, path, delay);
        const tokens = await code_flow(world, as, client, oauth.None(), { browser, person: 'walker' }).catch((error) => error);
        if (tokens.access_token) outcomes.went_on += 1;
        // The page says that this sign-in is over; a new one works.
        else if (/answered 40[03] without a form/.test(tokens.message)) outcomes.clean_error += 1;
        else checks.check(`a clean end of ${path}`, false, String(tokens));
        checks.check(`${path} was interrupted`, browser.interrupted);
      }
      checks.equal(`killed during ${path}: the user went on or was told`, outcomes.went_on + outcomes.clean_error, 6);
      console.log(`  ${path}: ${JSON.stringify(outcomes)}`);
      checks.check(`after ${path} a new sign-in works`, (await code_flow(world, as, client, oauth.None())).access_token);
    });
  }
  await checks.step('killed during pushed requests and registrations', async () => {
    for (let delay = 0; delay < 4; delay += 1) {
      const parameters = { client_id: 'spa', redirect_uri, response_type: 'code', state: 's', code_challenge_method: 'S256', code_challenge: 'x'.repeat(43) };
      await killed_while(world, () => post(world, '/par', parameters), delay);
      checks.equal('the request is pushed again', (await post(world, '/par', parameters)).status, 201);
      const metadata = { client_name: 'x', redirect_uris: [redirect_uri], token_endpoint_auth_method: 'none' };
      await killed_while(world, () => post_json(world, '/register', metadata), delay);
      checks.check('the client registers again', (await post_json(world, '/register', metadata)).client_id);
    }
  });

  // In the middle of a request: its answer may be lost, its work is done whole or not at all.
  await checks.step('killed during the redemption of codes', async () => {
    const outcomes = { answered: 0, later: 0, refused: 0 };
    let twice = 0;
    for (let i = 0; i < 12; i += 1) {
      const verifier = oauth.generateRandomCodeVerifier();
      const authorize = new URL(as.authorization_endpoint);
      authorize.search = new URLSearchParams({ client_id: 'spa', redirect_uri, response_type: 'code', state: 's',
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' });
      const code = new URL(await sign_in(new Browser(), authorize.href, redirect_uri)).searchParams.get('code');
      const form = { grant_type: 'authorization_code', code, redirect_uri, code_verifier: verifier, client_id: 'spa' };
      const first = await killed_while(world, () => post(world, '/token', form), i);
      const second = await post(world, '/token', form);
      if (first?.status === 200 && second.status === 200) twice += 1;
      if (first?.status === 200) outcomes.answered += 1;
      else if (second.status === 200) outcomes.later += 1;
      else if (second.body.error === 'invalid_grant') outcomes.refused += 1;
      else checks.check('a clean answer', false, second);
    }
    checks.equal('no code works twice', twice, 0);
    checks.equal('each was answered, answered later, or refused', outcomes.answered + outcomes.later + outcomes.refused, 12);
    console.log(`  codes: ${JSON.stringify(outcomes)}`);
  });
  await checks.step('killed during refreshes', async () => {
    let tokens = await code_flow(world, as, client, oauth.None(), { person: 'refresher' });
    let kept = 0;
    for (let i = 0; i < 16; i += 1) {
      const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, client_id: 'spa' };
      const first = await killed_while(world, () => post(world, '/token', form), i % 8);
      // The client did not get its answer, or did not keep it: it asks again with what it has.
      const second = await post(world, '/token', form);
      const clean = second.status === 200 && (first?.status !== 200 || first.body.refresh_token === second.body.refresh_token);
      if (clean) kept += 1;
      else checks.check(`refresh ${i} goes on`, false, { first, second });
      if (second.status !== 200) break;
      tokens = second.body;
    }
    checks.equal('every refresh goes on after a crash, with one successor', kept, 16);
    await refresh(world, as, client, oauth.None(), tokens.refresh_token);
  });
}

async function post_json(world, path, body) {
  const answer = await fetch(`${world.issuer}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
