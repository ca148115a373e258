// The connect page over real HTTP: oidc-provider signs people in, a double in GitHub's shapes gives tokens, the official
// clients call the tool. What a stranger, a forger or a late visitor does must end at one neutral page and change nothing.
import { Checks } from '../support/checks.mjs';
import { start_postgres } from '../support/postgres.mjs';
import { sleep } from '../support/process.mjs';
import { kinds } from '../elicitation/clients.mjs';
import { Browser } from './browser.mjs';
import { run_pages } from './pages.mjs';
import { secrets, start_world } from './world.mjs';

const checks = new Checks('connect');
const refused = (what, answer) =>
  checks.equal(what, [answer.status, /This link cannot be used/.test(answer.text), /script|user-|github/i.test(answer.text)], [403, true, false]);
const repositories = { login: 'octocat', names: ['octocat/hello-world'] };

async function flows(world, mode) {
  for (const kind of kinds) {
    const at = `${kind}${mode}`;
    const name = `ada${kind.replace('-', '')}`;
    let journey;
    const client = await world.client(kind, name, { on_form: () => ({ action: 'cancel' }), on_url: ({ url }) => {
      journey = new Browser(name).open(url).catch((error) => ({ status: 0, text: String(error) }));
      return { action: 'accept' };
    } });
    checks.equal(`${at}: the call completes after the connection`, (await client.call('listRepositories')).data, repositories);
    const end = await journey;
    checks.equal(`${at}: the page says so`, [end.status, /GitHub is connected/.test(end.text)], [200, true]);
    checks.equal(`${at}: asked once`, client.seen.urls.length, 1);
    checks.equal(`${at}: nothing personal in the link`, client.seen.urls[0].url.includes(name), false);
    checks.equal(`${at}: not asked again`, [(await client.call('listRepositories')).data, client.seen.urls.length], [repositories, 1]);
    refused(`${at}: the link is good once`, await new Browser(name).open(client.seen.urls[0].url));

    const before = world.github.state.revoked.length;
    checks.equal(`${at}: disconnected`, (await client.call('disconnectGithub')).text, 'GitHub is disconnected.');
    checks.equal(`${at}: and revoked there, as GitHub has it`, world.github.state.revoked.length, before + 1);
    checks.equal(`${at}: once`, (await client.call('disconnectGithub')).text, 'GitHub was not connected.');

    world.github.state.decline = true;
    const declined = await client.call('listRepositories');
    checks.equal(`${at}: declined at the service`, [declined.is_error, /was not connected/.test(declined.text)], [true, true]);
    checks.equal(`${at}: its words are not shown`, /alert\(/.test((await journey).text), false);
    world.github.state.decline = false;
    await client.close();

    const unwilling = await world.client(kind, name, { on_url: () => ({ action: 'decline' }) });
    checks.equal(`${at}: declined in the client`, /as you wished/.test((await unwilling.call('listRepositories')).text), true);
    await unwilling.close();

    const plain = await world.client(kind, name);
    const first = await plain.call('listRepositories');
    checks.equal(`${at}: without URL mode the link is in the result`, [first.is_error, first.detail?.type, first.text.includes(first.detail?.url)], [true, 'url', true]);
    await new Browser(name).open(first.detail.url);
    checks.equal(`${at}: the next call sees it`, (await plain.call('listRepositories')).data, repositories);
    await plain.call('disconnectGithub');
    await plain.close();
  }
}

// A link of that person's, from a client that cannot open it.
async function link_of(world, name) {
  const client = await world.client('v1', name);
  const answer = await client.call('listRepositories');
  await client.close();
  return answer.detail.url;
}
const at_callback = (url) => url.pathname.startsWith('/connect/callback');

async function strangers(world) {
  const link = await link_of(world, 'ada');
  const visits = world.github.state.visits;
  refused("somebody else's link", await new Browser('bob').open(link));
  checks.equal('a stranger never gets to the service', world.github.state.visits, visits);
  checks.equal('and nothing is kept', world.kept(), []);

  // Login CSRF: Eve has her own journey end in Bob's browser.
  const eve = new Browser('eve');
  const eves = await eve.open(await link_of(world, 'eve'), { until: at_callback });
  const bob = new Browser('bob');
  refused('a callback of another browser', await bob.open(eves.url));
  await bob.open(await link_of(world, 'bob'), { until: at_callback });
  refused('also with a journey of its own under way', await bob.open(eves.url));
  checks.equal('nothing is kept for either', world.kept(), []);
  const done = await eve.open(eves.url);
  checks.equal('her own browser still may', [done.status, world.kept().length], [200, 1]);
  refused('her callback is good once', await eve.open(eves.url));

  // The same at the service's callback.
  const cat = new Browser('cat');
  const service = await cat.open(await link_of(world, 'cat'), { until: (url) => url.pathname === '/connect/callback/github' });
  refused("the service's callback in another browser", await new Browser('dan').open(service.url));
  const swapped = new URL(service.url);
  swapped.pathname = '/connect/callback';
  refused("the service's state at the sign-in's callback", await cat.open(swapped));
  const forged = new URL(service.url);
  forged.searchParams.set('code', 'made-up');
  const failed = await cat.open(forged);
  checks.equal('a made-up code', [failed.status, /did not confirm/.test(failed.text), /alert\(/.test(failed.text)], [502, true, false]);
  checks.equal('keeps nothing', world.kept().length, 1);
}

async function forgeries(world) {
  const refused_after = async (what, change, person = 'fay') => {
    const browser = new Browser(person);
    const end = await browser.open(await link_of(world, 'fay'), { change });
    refused(what, end);
  };
  const changed = (when, edit) => (url) => {
    if (when(url)) edit(url.searchParams);
    return url;
  };
  const sign_in_callback = (url) => url.pathname === '/connect/callback';
  await refused_after('wrong state', changed(sign_in_callback, (query) => query.set('state', 'A'.repeat(43))));
  await refused_after('no state', changed(sign_in_callback, (query) => query.delete('state')));
  await refused_after('two states', changed(sign_in_callback, (query) => query.append('state', 'x')));
  await refused_after('wrong issuer', changed(sign_in_callback, (query) => query.set('iss', 'https://evil.example')));
  await refused_after('missing issuer, though announced', changed(sign_in_callback, (query) => query.delete('iss')));
  await refused_after('made-up code', changed(sign_in_callback, (query) => query.set('code', 'made-up')));
  await refused_after('wrong nonce', changed((url) => url.pathname === '/auth', (query) => query.set('nonce', 'other')));
  await refused_after('wrong challenge', changed((url) => url.pathname === '/auth', (query) => query.set('code_challenge', 'A'.repeat(43))));

  const link = await link_of(world, 'fay');
  const swapped = await new Browser('gus').open(link, { change: (url) => {
    if (sign_in_callback(url)) url.searchParams.set('id', 'other');
    return url;
  } });
  refused('an id in the callback changes nothing', swapped);
  refused('an unknown id', await new Browser('fay').open(link.replace(/[^/]+$/, 'A'.repeat(22))));
  refused('no id', await new Browser('fay').open(link.replace(/[^/]+$/, '')));
  refused('markup for an id', await new Browser('fay').open(link.replace(/[^/]+$/, '%3Cscript%3Ealert(1)%3C/script%3E')));

  const denied = await new Browser('fay').open(link, { change: changed(sign_in_callback, (query) => { query.delete('code'); query.set('error', '<script>'); }) });
  checks.equal('an error of the provider', [denied.status, /not signed in/.test(denied.text), /<script/.test(denied.text)], [200, true, false]);

  const late = new Browser('fay');
  const stopped = await late.open(link, { until: at_callback });
  world.sql('UPDATE browser_flows SET expires_at = expires_at - 3600000');
  refused('an expired journey', await late.open(stopped.url));
  world.sql('UPDATE connect_requests SET expires_at = expires_at - 3600000');
  refused('an expired link', await new Browser('fay').open(link));
  checks.equal('nothing is kept', world.kept().filter((owner) => owner.includes('fay')), []);

  const head = await fetch(await link_of(world, 'fay'), { method: 'HEAD', redirect: 'manual' });
  checks.equal('a link checker begins no journey', [head.status, head.headers.getSetCookie()], [200, []]);
}

async function renewal(world) {
  const connected = async (name) => {
    await new Browser(name).open(await link_of(world, name));
    return world.client('v2-auto', name, { on_url: () => ({ action: 'decline' }) });
  };
  world.github.state.expires_in = 1;
  const client = await connected('hal');
  world.github.state.expires_in = 28_800;
  world.github.state.refreshed = 0;
  const results = await Promise.all(Array.from({ length: 8 }, () => client.call('listRepositories')));
  checks.equal('eight calls at once', results.map((result) => result.data?.login ?? result.text), Array(8).fill('octocat'));
  checks.equal('renew the tokens once', world.github.state.refreshed, 1);
  await client.close();

  world.github.state.expires_in = 1;
  const gone = await connected('ida');
  world.github.state.refuse_refresh = true;
  checks.equal('a grant that is gone is asked for anew', /as you wished/.test((await gone.call('listRepositories')).text), true);
  checks.equal('and forgotten', world.kept().some((owner) => owner.includes('ida')), false);
  world.github.state.refuse_refresh = false;
  world.github.state.expires_in = undefined;
  await gone.close();
}

async function restart(world) {
  const browser = new Browser('joe');
  const stopped = await browser.open(await link_of(world, 'joe'), { until: at_callback });
  await world.halt('SIGKILL');
  await world.start();
  const service = await browser.open(stopped.url, { until: (url) => url.pathname === '/connect/callback/github' });
  await world.halt('SIGKILL');
  await world.start();
  checks.equal('two restarts on the way', (await browser.open(service.url)).status, 200);
  const client = await world.client('v2-auto', 'joe');
  checks.equal('and the tool works', (await client.call('listRepositories')).data, repositories);
  await client.close();
}

for (const extra of [{}, { FORCE_REPLAY: '1' }]) {
  const mode = extra.FORCE_REPLAY ? ' replayed' : '';
  const world = await start_world(extra);
  await checks.step(`flows${mode}`, () => flows(world, mode));
  if (!mode) {
    for (const part of [strangers, forgeries, renewal, restart, (place) => run_pages(checks, place, link_of)])
      await checks.step(part.name || 'pages', () => part(world));
    const file = world.file_text();
    checks.equal('no token is readable in the database', [...world.github.state.tokens, ...world.github.state.refresh].filter((token) => file.includes(token)), []);
  }
  await world.stop();
  await sleep(0);
  const tokens = [...world.github.state.tokens, ...world.github.state.refresh, ...Object.values(secrets)];
  checks.equal(`no token and no secret in the log${mode}`, tokens.filter((token) => world.log.includes(token)), []);
  checks.equal(`no link and no state in the log${mode}`, /state=|code=|eyJ/.test(world.log), false);
}

// Two instances on one PostgreSQL: each step of a visit is another one's than the step before.
await checks.step('instances', async () => {
  const cluster = await start_postgres();
  if (!cluster) return checks.check('PostgreSQL is installed', false);
  const world = await start_world({}, { database: cluster.url('connect') });
  try {
    await flows(world, ' on two instances');
    world.balancer.skip();
    await flows(world, ' on two instances, the other way round');
    const eve = await new Browser('eve').open(await link_of(world, 'eve'), { until: at_callback });
    refused('on two instances: a callback in another browser', await new Browser('bob').open(eve.url));
    checks.equal('on two instances: nothing is kept', cluster.sql('SELECT COUNT(*) FROM vault', 'connect'), '0');
    checks.check('both served', Math.min(...world.balancer.seen.values()) > 40, [...world.balancer.seen]);
  } finally {
    await world.stop();
    await cluster.stop();
  }
  return undefined;
});
checks.finish();
