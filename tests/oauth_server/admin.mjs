// `leanmcp as …` beside a server that runs: each command as people read it and as programs do, and what came of it there.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import * as oauth from 'oauth4webapi';
import { bin, sleep } from '../support/process.mjs';
import { code_flow, discover, introspect, refresh } from './oauth4webapi.mjs';
import { redirect_uri, secrets } from './world.mjs';

const error_of = (work) => work.then(() => 'no error', (error) => error.error ?? error.code ?? String(error));
const claims_of = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

export async function run(checks, world) {
  const as = await discover(world);
  const said = [];
  const command = (words, { input = '', env = {} } = {}) => {
    const ran = spawnSync(path.join(bin, 'leanmcp'), ['as', ...words.split(' ')], {
      input, encoding: 'utf8', timeout: 60_000,
      env: { PATH: process.env.PATH, DATABASE_URL: world.environment.DATABASE_URL, LEANMCP_STATE_KEYS: world.environment.LEANMCP_STATE_KEYS, ...env },
    });
    said.push(ran.stdout, ran.stderr);
    return { status: ran.status, out: ran.stdout, err: ran.stderr };
  };
  const json = (words, options) => {
    const { status, out, err } = command(`${words} --json`, options);
    if (status !== 0) throw new Error(`${words}: ${status} ${err}`);
    return JSON.parse(out);
  };
  // In words: 1, and nothing of it on standard output; for programs: 1, and that nothing was done.
  const nothing = (words) => {
    const plain = command(words);
    checks.equal(`${words}: says that there is none`, [plain.status, plain.out, plain.err], [1, '', 'nothing of that name\n']);
    const object = command(`${words} --json`);
    checks.equal(`${words} --json: says so too`, [object.status, JSON.parse(object.out)], [1, { done: false }]);
  };
  const invited = async (token) => fetch(as.registration_endpoint, { method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ client_name: 'Invited', redirect_uris: [redirect_uri], token_endpoint_auth_method: 'none', application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token'] }) });

  const clients = [];
  await checks.step('as clients invite', async () => {
    const plain = command('clients invite --hours 1');
    checks.check('invite: the token alone is on standard output', plain.status === 0 && /^\S{20,}\n$/.test(plain.out) && plain.err.includes('not shown again'), plain);
    const { initial_access_token, expires } = json('clients invite');
    checks.check('invite --json: the token and its end', Date.parse(expires) > Date.now() + 23 * 3600_000, expires);
    for (const token of [plain.out.trim(), initial_access_token]) {
      const answer = await invited(token);
      checks.equal('invite: the server takes it', answer.status, 201);
      clients.push((await answer.json()).client_id);
      checks.equal('invite: once', (await invited(token)).status, 401);
    }
  });
  const [first, second] = clients.map((client_id) => ({ client_id }));
  const none = oauth.None();

  await checks.step('as clients', async () => {
    const plain = command('clients');
    checks.check('clients: a table', plain.status === 0 && /^CLIENT\s+FROM\s+NAME/.test(plain.out) && clients.every((id) => plain.out.includes(id)), plain);
    const list = json('clients');
    checks.equal('clients --json: all of them', list.map(({ client_id }) => client_id).sort(), [...clients].sort());
    const { created, ...one } = list.find(({ client_id }) => client_id === first.client_id);
    checks.equal('clients --json: what each is', one, { client_id: first.client_id, origin: 'registered', client_name: 'Invited', redirect_uris: [redirect_uri],
      grant_types: ['authorization_code', 'refresh_token'], token_endpoint_auth_method: 'none', used: null, disabled: false });
    checks.check('clients --json: since when', Math.abs(Date.parse(created) - Date.now()) < 600_000, created);
    const [page] = json('clients --limit 1');
    checks.equal('clients --limit --after: page by page', [page, ...json(`clients --limit 1 --after ${page.client_id}`)].map(({ client_id }) => client_id), [...clients].sort());
    checks.equal('clients --limit 0: usage', command('clients --limit 0').status, 2);
  });

  const tokens = { first: await code_flow(world, as, first, none), again: await code_flow(world, as, first, none),
    second: await code_flow(world, as, second, none), bob: await code_flow(world, as, second, none, { person: 'bob' }) };
  const live = async (one) => (await introspect(as, one.access_token)).active;

  await checks.step('as grants', async () => {
    const plain = command('grants');
    checks.check('grants: a table', plain.status === 0 && /^GRANT\s+SUBJECT\s+CLIENT/.test(plain.out) && plain.out.includes('oidc:bob'), plain);
    const list = json('grants');
    checks.equal('grants --json: all of them', list.map(({ grant }) => grant).sort(), Object.values(tokens).map((one) => claims_of(one.access_token).fam).sort());
    const { grant, created, expires, ...one } = list.find(({ subject }) => subject === 'oidc:bob');
    checks.equal('grants --json: what each is', one, { subject: 'oidc:bob', client_id: second.client_id, resource: world.resource, scope: 'mcp:read', upstream: 'oidc', state: 'active' });
    checks.check('grants --json: from when to when', grant === claims_of(tokens.bob.access_token).fam && Date.parse(created) < Date.parse(expires), { created, expires });
    checks.equal('grants --subject', json('grants --subject oidc:ada').length, 3);
    checks.equal('grants --client', json(`grants --client ${first.client_id}`).length, 2);
    checks.equal('grants --limit', json('grants --limit 1').length, 1);
    checks.equal('grants --subject of nobody: an empty list', json('grants --subject nobody'), []);
  });

  await checks.step('as revoke', async () => {
    checks.equal('revoke: what?', command('revoke').status, 2);
    const { jti, fam } = claims_of(tokens.again.access_token);
    const denied = command(`revoke --token-id ${jti}`);
    checks.equal('revoke --token-id', [denied.status, denied.out], [0, '']);
    checks.equal('one access token ends', await live(tokens.again), false);
    checks.equal('and says so as JSON', json(`revoke --token-id ${jti}`), { done: true });
    const next = await refresh(world, as, first, none, tokens.again.refresh_token);
    checks.equal('its family goes on', await live(next), true);
    const ended = command(`revoke --grant ${fam}`);
    checks.equal('revoke --grant', [ended.status, ended.out], [0, '']);
    checks.equal('the family ends', [await live(next), await error_of(refresh(world, as, first, none, next.refresh_token))], [false, 'invalid_grant']);
    checks.equal('the list says so', json('grants').find(({ grant }) => grant === fam).state, 'revoked');
    nothing(`revoke --grant ${fam}`);
    nothing('revoke --grant no-such-grant');
    checks.equal('others do not', await live(tokens.first), true);
    checks.equal('revoke --client --subject: the one for the other', json(`revoke --client ${second.client_id} --subject oidc:bob`), { done: true, grants: 1 });
    checks.equal('only those', [await live(tokens.bob), await live(tokens.second)], [false, true]);
    const person = command('revoke --subject oidc:ada');
    checks.equal('revoke --subject: all of a person', [person.status, person.err], [0, '2 grants revoked, with all their tokens\n']);
    checks.equal('they end', [await live(tokens.first), await live(tokens.second)], [false, false]);
    checks.equal('revoke --subject of nobody: none', json('revoke --subject nobody'), { done: true, grants: 0 });
  });

  await checks.step('as clients disable, enable, remove', async () => {
    const { refresh_token } = await code_flow(world, as, first, none);
    const disabled = command(`clients disable ${first.client_id}`);
    checks.equal('disable', [disabled.status, disabled.out], [0, '']);
    checks.equal('the server refuses the client', await error_of(refresh(world, as, first, none, refresh_token)), 'invalid_client');
    checks.equal('the list says so', json('clients').find(({ client_id }) => client_id === first.client_id).disabled, true);
    checks.equal('enable', json(`clients enable ${first.client_id}`), { done: true });
    checks.equal('the server takes it again, but not what it had', await error_of(refresh(world, as, first, none, refresh_token)), 'invalid_grant');
    checks.check('and people may sign in again', (await code_flow(world, as, first, none)).access_token);
    checks.equal('remove', json(`clients remove ${first.client_id}`), { done: true });
    checks.equal('it is gone', [json('clients').map(({ client_id }) => client_id), json(`grants --client ${first.client_id}`)], [[second.client_id], []]);
    checks.equal('the server does not know it', await error_of(refresh(world, as, first, none, refresh_token)), 'invalid_client');
    for (const word of ['disable', 'enable', 'remove']) nothing(`clients ${word} ${first.client_id}`);
  });

  await checks.step('as users', async () => {
    checks.equal('users: nobody', json('users'), []);
    checks.equal('users add', [command('users add eve', { input: 'short\n' }).status, command('users add eve', { input: '' }).status], [5, 2]);
    checks.equal('users add --json', json('users add eve --name Eve', { input: 'a good long password\n' }), { done: true });
    checks.equal('users add: once', command('users add eve', { input: 'a good long password\n' }).status, 5);
    const [{ subject }] = json('users');
    checks.check('users: a table', command('users').out.includes(subject) && subject.startsWith('local:'), subject);
    checks.equal('users password', command('users password eve', { input: 'another good password\n' }).status, 0);
    checks.equal('users password of nobody', command('users password nobody', { input: 'another good password\n' }).status, 5);
    checks.equal('users disable', [command('users disable eve').status, json('users')[0].disabled], [0, true]);
    checks.equal('users enable', [json('users enable eve'), json('users')[0].disabled], [{ done: true }, false]);
    nothing('users disable nobody');
    nothing('users enable nobody');
  });

  await checks.step('as keys', async () => {
    const plain = command('keys');
    const [signing] = json('keys').filter(({ use }) => use === 'signs');
    checks.check('keys: a table', plain.status === 0 && /^KEY\s+ALGORITHM\s+USE/.test(plain.out) && plain.out.includes(signing.kid), plain);
    checks.equal('keys --json', [signing.alg, signing.retires], ['ES256', null]);
    checks.equal('keys rotate --algorithm: none that signs here, and none at all', [command('keys rotate --algorithm RS256').status, command('keys rotate --algorithm HS256').status], [5, 2]);
    const old = await code_flow(world, as, second, none);
    const rotated = command('keys rotate');
    checks.check('keys rotate: the new one alone is on standard output', rotated.status === 0 && rotated.out.trim() !== signing.kid && /^\S+\n$/.test(rotated.out), rotated);
    const after = json('keys');
    checks.equal('the new one signs, the old one is still good', [after.find(({ kid }) => kid === rotated.out.trim())?.use, after.find(({ kid }) => kid === signing.kid)?.use], ['signs', 'verifies']);
    const { kid } = json('keys rotate --stolen');
    checks.equal('keys rotate --stolen: the newest is the only one', json('keys').map((key) => [key.kid, key.use]), [[kid, 'signs']]);
    const published = async () => (await (await fetch(as.jwks_uri)).json()).keys.map((key) => key.kid);
    for (const end = Date.now() + 90_000; Date.now() < end && (await published()).join() !== kid;) await sleep(500);
    checks.equal('the running server takes it up', await published(), [kid]);
    checks.equal('and nothing that an older one signed', await live(old), false);
    checks.equal('clients go on by a refresh', await live(await refresh(world, as, second, none, old.refresh_token)), true);
  });

  await checks.step('without a database or keys', async () => {
    checks.equal('no database named', command('clients', { env: { DATABASE_URL: '' } }).status, 2);
    checks.equal('no keys', command('clients', { env: { LEANMCP_STATE_KEYS: '' } }).status, 2);
    const short = command('clients', { env: { LEANMCP_STATE_KEYS: 'c2hvcnQ' } });
    checks.check('keys that are none, and not repeated', short.status === 2 && !short.err.includes('c2hvcnQ'), short);
    const lost = command('clients', { env: { DATABASE_URL: `sqlite:${world.folder}/no/such/folder/as.db` } });
    checks.equal('a database that cannot be opened', [lost.status, lost.out], [5, '']);
  });

  const text = said.join('\n');
  const leaked = [world.environment.LEANMCP_STATE_KEYS, 'good long password', 'another good password', ...Object.values(secrets),
    ...Object.values(tokens).map(({ refresh_token }) => refresh_token)].filter((secret) => text.includes(secret));
  checks.equal('no secret was shown', leaked, []);
}
