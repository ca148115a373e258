// Many requests at once for one thing: one new member of a family, one redemption, whichever instance is asked.
import { DatabaseSync } from 'node:sqlite';
import * as oauth from 'oauth4webapi';
import { Browser, sign_in } from './browser.mjs';
import { code_flow, introspect } from './oauth4webapi.mjs';
import { redirect_uri } from './world.mjs';

const post = async (base, form) => {
  const answer = await fetch(`${base}/token`, { method: 'POST', body: new URLSearchParams(form) });
  return { status: answer.status, body: await answer.json() };
};

export async function run(checks, world, as) {
  const bases = world.ports.map((port) => `http://127.0.0.1:${port}`);
  const client = { client_id: 'spa' };
  const tag = bases.length > 1 ? `${bases.length} instances: ` : '';
  const tokens = await code_flow(world, as, client, oauth.None());
  const asked = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, client_id: 'spa' };
  const answers = await Promise.all(Array.from({ length: 64 }, (_, i) => post(bases[i % bases.length], asked)));
  checks.equal(`${tag}64 refreshes of one token are all answered`, [...new Set(answers.map(({ status }) => status))], [200]);
  checks.equal(`${tag}with one and the same answer`, new Set(answers.map(({ body }) => JSON.stringify(body))).size, 1);
  const [{ body: next }] = answers;
  checks.equal(`${tag}its access token is live`, (await introspect(as, next.access_token)).active, true);
  const family = JSON.parse(Buffer.from(next.access_token.split('.')[1], 'base64url')).fam;
  checks.equal(`${tag}one new member`, await members(world, family), 2);
  const after = await post(bases.at(-1), { ...asked, refresh_token: next.refresh_token });
  checks.equal(`${tag}nothing was revoked by mistake`, after.status, 200);

  const verifier = oauth.generateRandomCodeVerifier();
  const authorize = new URL(as.authorization_endpoint);
  authorize.search = new URLSearchParams({ client_id: 'spa', redirect_uri, response_type: 'code', state: 's',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' });
  const code = new URL(await sign_in(new Browser(), authorize.href, redirect_uri)).searchParams.get('code');
  const redeemed = await Promise.all(Array.from({ length: 16 }, (_, i) => post(bases[i % bases.length],
    { grant_type: 'authorization_code', code, redirect_uri, code_verifier: verifier, client_id: 'spa' })));
  checks.equal(`${tag}of 16 redemptions of a code one succeeds`, redeemed.filter(({ status }) => status === 200).length, 1);
  checks.check(`${tag}the others get invalid_grant`,
    redeemed.every(({ status, body }) => status === 200 || body.error === 'invalid_grant'), redeemed.map(({ body }) => body.error));
}

async function members(world, family) {
  const { DATABASE_URL: url } = world.environment;
  if (url.startsWith('sqlite:')) {
    const database = new DatabaseSync(url.slice('sqlite:'.length), { readOnly: true });
    const { n } = database.prepare('SELECT COUNT(*) AS n FROM as_refresh WHERE grant_id = ?').get(family);
    database.close();
    return n;
  }
  return world.count(`SELECT COUNT(*) FROM as_refresh WHERE grant_id = '${family.replace(/'/g, '')}'`);
}
