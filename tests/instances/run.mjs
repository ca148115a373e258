// Two instances of the premium service over one PostgreSQL database, behind a load balancer that sends each request to any
// of them: purchases by every official client, in parallel, with webhooks in any order and number, while an instance and then
// the database are killed. Then the same for credits, and people who open the links in a browser, each step of whose way is
// another instance's. Nothing may live in one instance's memory only.
import { Checks } from '../support/checks.mjs';
import { start_postgres } from '../support/postgres.mjs';
import { free_port, sleep } from '../support/process.mjs';
import { browse, customer, kinds, open_shop, subject } from '../support/shop.mjs';
import { balance } from './balancer.mjs';

const checks = new Checks('instances');
const postgres = await start_postgres();
if (!postgres) {
  console.log('PostgreSQL is not installed');
  checks.check('PostgreSQL is there', false);
  checks.finish();
}
const until = async (what, ms = 30_000) => {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(100)) if (await what()) return true;
  return false;
};

async function open(program, database, environment = {}, turns = {}) {
  const public_port = await free_port();
  const shop = await open_shop({ program, public_port, environment: { DATABASE_URL: postgres.url(database), ...environment } });
  const backends = [];
  for (let i = 0; i < 2; i += 1) {
    const port = await free_port();
    backends.push({ port, service: await shop.launch(port), alive: true });
  }
  const balancer = await balance(public_port, backends, turns);
  const die = async (backend) => {
    backend.alive = false;
    backend.service.child.kill('SIGKILL');
    await backend.service.exited;
    backend.service = await shop.launch(backend.port);
    backend.alive = true;
  };
  const close = async () => {
    balancer.stop();
    await Promise.all(backends.map(({ service }) => service.stop()));
    await shop.close();
  };
  return { shop, backends, balancer, die, close };
}

async function sells() {
  const { shop, backends, balancer, die, close } = await open('premium-service', 'premium');
  const buyers = Array.from({ length: 15 }, (_, i) => `b${i}`);
  let paid = 0;
  // Whatever is open is paid, once; what is paid already stays paid.
  const pay = async (user) => {
    for (const session of (await shop.all('checkout/sessions')).filter((one) => one.metadata.userId === subject(user) && one.status === 'open'))
      if ((await shop.control(`pay/${session.id}`)).done) paid += 1;
  };
  const buy = async (user, i) => {
    const token = await shop.token(user);
    const kind = kinds[i % 3];
    for (const end = Date.now() + 300_000; Date.now() < end;) {
      const clients = [];
      try {
        const on_url = async () => (await pay(user), { action: 'accept' });
        const mid_call = i % 2 === 0;
        for (let k = 0; k < 3; k += 1) clients.push(await customer(shop, { kind: kinds[(i + k) % 3], token, ...(mid_call && k === 0 ? { on_url } : {}) }));
        // Three of the person's agents at once, who do not agree on the plan.
        if (!mid_call) {
          await Promise.all(clients.map((client, k) => client.call('upgrade', { plan: k === 1 ? 'yearly' : 'monthly' }, { timeout: 15_000 }).catch(() => {})));
          await pay(user);
        }
        const used = await clients[0].call('premiumFeature', { data: user }, { timeout: 30_000 });
        if (used.ok) return true;
        await sleep(200);
      } catch {
        await sleep(200);
      } finally {
        await Promise.all(clients.map((client) => client.close()));
      }
    }
    return `${user} with ${kind}`;
  };
  const deaths = (async () => {
    for (const death of [() => die(backends[0]), () => postgres.crash(), () => die(backends[1])]) {
      await sleep(1500);
      await death();
    }
  })();
  const outcomes = await Promise.all(buyers.map(buy));
  await deaths;
  checks.equal('every purchase came through', outcomes.filter((one) => one !== true), []);
  const events = (await shop.all('events')).map((one) => JSON.stringify(one));
  const answers = await Promise.all([...events, ...events].map((body) => shop.deliver(body)));
  checks.equal('all events once more, twice, to any instance', [...new Set(answers)], [200]);
  const subscriptions = await shop.all('subscriptions', '&status=all');
  const per_person = new Map();
  for (const { metadata } of subscriptions) per_person.set(metadata.userId, (per_person.get(metadata.userId) ?? 0) + 1);
  checks.equal('nobody was charged twice', [...per_person].filter(([, count]) => count > 1), []);
  checks.equal('one subscription for each payment', [subscriptions.length, paid], [buyers.length, buyers.length]);
  for (const { port } of backends) {
    const direct = { ...shop, base: `http://127.0.0.1:${port}` };
    let entitled = 0;
    for (const user of buyers) {
      const client = await customer(direct, { token: await shop.token(user) });
      const seen = await until(async () => (await client.call('checkSubscription')).said.plan === 'premium', 120_000);
      entitled += seen ? 1 : 0;
      await client.close();
    }
    checks.equal('every instance knows them all', entitled, buyers.length);
  }
  checks.check('both served', [...balancer.seen.values()].length === 2 && Math.min(...balancer.seen.values()) > 20, [...balancer.seen]);
  // What an instance had in hand when it died is taken up when its lease has run out.
  const unsettled = () => postgres.sql("SELECT COUNT(*) FROM billing_flows WHERE status IN ('open', 'pending')", 'premium');
  const left_open = async () => (await shop.all('checkout/sessions')).filter(({ status }) => status === 'open').length;
  await until(async () => unsettled() === '0' && (await left_open()) === 0, 240_000);
  checks.equal('no flow is stuck', unsettled(), '0');
  checks.equal('no session is left to be paid again', await left_open(), 0);
  await close();
}

async function spends() {
  const { shop, close } = await open('metered-tool', 'metered', { STRIPE_CREDITS_PRICE_ID: 'price_pack', STRIPE_USAGE_PRICE_ID: 'price_usage' });
  const token = await shop.token('ada');
  const callers = await Promise.all([...kinds, ...kinds].map((kind) => customer(shop, { kind, token })));
  await callers[0].call('draw', { motif: 'x' });
  await shop.control(`pay/${(await shop.all('checkout/sessions'))[0].id}`);
  checks.check('ten credits', await until(async () => (await callers[0].call('balance')).said.credits === 10));
  const outcomes = await Promise.all(Array.from({ length: 48 }, (_, i) => callers[i % 6].call('draw', { motif: `m${i}` }).catch((error) => ({ ok: false, text: String(error) }))));
  const drawn = outcomes.filter(({ ok }) => ok).length;
  const left = (await callers[0].call('balance')).said.credits;
  checks.check('forty-eight calls on two instances spend each credit once', drawn + left === 10 && drawn >= 1, { drawn, left });
  checks.equal('as the table has it', postgres.sql("SELECT COALESCE(SUM(amount), 0) FROM billing_credits WHERE state = 'committed'", 'metered'), String(drawn));
  for (const one of callers) await one.close();
  await close();
}

// Links that people open themselves: sign-in, the Stripe double's page, and back, by turns.
async function visits() {
  const { shop, balancer, close } = await open('premium-service', 'visits', {}, { by_turns: true });
  for (const [i, kind] of kinds.entries()) {
    const user = `v${i}`;
    let visit;
    const on_url = ({ url }) => {
      visit = browse(url, user).catch((error) => ({ status: 0, text: String(error), url }));
      return { action: 'accept' };
    };
    const client = await customer(shop, { kind, token: await shop.token(user), on_url });
    const using = client.call('premiumFeature', { data: user });
    await until(() => visit);
    const page = await visit;
    checks.check(`${kind}: the link leads over sign-in to the page to pay on`, page.status === 200 && page.url.href.startsWith(shop.sandbox_url), [page.status, String(page.url)]);
    const link = client.asked[0].url;
    const stranger = await browse(link, `not-${user}`);
    checks.equal(`${kind}: for nobody else, wherever they ask`, [stranger.status, stranger.url.origin], [403, shop.base]);
    const paid = await fetch(page.url, { method: 'POST', redirect: 'manual', headers: { origin: page.url.origin }, body: new URLSearchParams({ action: 'pay', terms: 'yes' }) });
    const back = await browse(new URL(paid.headers.get('location'), page.url), user, { jar: page.jar });
    checks.equal(`${kind}: back at the shop, which knows`, [back.status, back.url.origin], [200, shop.base]);
    checks.check(`${kind}: the waiting call completes`, (await using).ok);
    balancer.skip();
    await client.close();
  }
  checks.check('both served the visits', Math.min(...balancer.seen.values()) > 15, [...balancer.seen]);
  await close();
}

await checks.step('visits', visits);
await checks.step('sells', sells);
await checks.step('spends', spends);
await postgres.stop();
checks.finish();
