// The premium service killed (SIGKILL) at random points of N purchases, made by the official clients and the Stripe
// double; afterwards every paid purchase is entitled, nobody was charged twice, no flow is stuck. run.mjs [N] [seed]
import { DatabaseSync } from 'node:sqlite';
import { Checks } from '../support/checks.mjs';
import { sleep } from '../support/process.mjs';
import { customer, kinds, open_shop, subject } from '../support/shop.mjs';

const purchases = Number(process.argv[2] ?? 30);
let seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
console.log(`  seed ${seed}`);
const random = () => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed / 2147483648; };

const checks = new Checks('crash');
const shop = await open_shop();
await shop.restart();

let kills = 0;
let restarting;
// Kills the service and starts it anew; one at a time.
function kill_service() {
  restarting ??= (async () => {
    const dying = shop.service;
    dying.child.kill('SIGKILL');
    await dying.exited;
    kills += 1;
    await shop.restart();
    restarting = undefined;
  })();
  return restarting;
}

const counts = { retries: 0, link: 0, mid_call: 0, delayed: 0, double_pressed: 0 };

// Pays whatever checkout of the person is open; what is paid already stays paid.
async function pay(user, delayed) {
  const sessions = (await shop.all('checkout/sessions')).filter((session) => session.metadata.userId === subject(user));
  for (const session of sessions.filter(({ status }) => status === 'open')) {
    const { done } = await shop.control(`pay/${session.id}${delayed ? '?delayed=true' : ''}`);
    if (done && delayed) await shop.control(`settle/${session.id}?paid=true`);
  }
}

async function buy(index) {
  const user = `c${index}`;
  const kind = kinds[index % kinds.length];
  const token = await shop.token(user);
  const mid_call = index % 2 === 0;
  const delayed = index % 5 === 4;
  const end = Date.now() + 120_000;
  counts[mid_call ? 'mid_call' : 'link'] += 1;
  if (delayed) counts.delayed += 1;
  let paid = false;
  // Somewhere in this purchase, and for every third one a second time.
  const deaths = [sleep(random() * 350).then(kill_service)];
  if (index % 3 === 0) deaths.push(sleep(300 + random() * 600).then(kill_service));
  while (Date.now() < end) {
    let client;
    try {
      await restarting;
      const on_url = async () => {
        await pay(user, delayed);
        paid = true;
        return { action: 'accept' };
      };
      client = await customer(shop, { kind, token, ...(mid_call ? { on_url } : {}) });
      if (!mid_call && !paid) {
        const begun = await client.call('upgrade', { plan: index % 4 === 0 ? 'yearly' : 'monthly' }, { timeout: 15_000 });
        if (!begun.ok) throw new Error(begun.text);
        if (index % 7 === 1) {
          counts.double_pressed += 1;
          await client.call('upgrade', { plan: 'yearly' }, { timeout: 15_000 });
        }
        await pay(user, delayed);
        paid = true;
      }
      const used = await client.call('premiumFeature', { data: user }, { timeout: 8_000, resetTimeoutOnProgress: false });
      if (used.ok) break;
      await sleep(100);
    } catch {
      counts.retries += 1;
      await sleep(50);
    } finally {
      await client?.close();
    }
  }
  await Promise.all(deaths);
  return paid;
}

const paid = [];
let next = 0;
await Promise.all(Array.from({ length: 3 }, async () => {
  while (next < purchases) {
    const index = next++;
    if (await buy(index)) paid.push(index);
  }
}));

await restarting;
const started = Date.now();
let entitled = 0;
for (const index of paid) {
  const client = await customer(shop, { token: await shop.token(`c${index}`) });
  for (let i = 0; i < 1200; ++i) {
    const status = await client.call('checkSubscription');
    if (status.said.plan === 'premium') { entitled += 1; break; }
    await sleep(100);
  }
  await client.close();
}
const subscriptions = await shop.all('subscriptions', '&status=all');
const per_person = new Map();
for (const { metadata } of subscriptions) per_person.set(metadata.userId, (per_person.get(metadata.userId) ?? 0) + 1);
const twice = [...per_person].filter(([, count]) => count > 1);
const sessions = await shop.all('checkout/sessions');
const open = sessions.filter(({ status }) => status === 'open');
const customers = await shop.all('customers');
const database = new DatabaseSync(shop.database, { readOnly: true });
const unsettled = () =>
  database.prepare("SELECT COUNT(*) AS n FROM billing_flows WHERE status IN ('open', 'pending')").get().n;
const waiting = () => database.prepare('SELECT COUNT(*) AS n FROM billing_events WHERE applied_at IS NULL').get().n;
// Who paid is entitled before the last event about it is applied; what the last death left is taken up when its lease has
// run out.
for (let i = 0; i < 2400 && unsettled() + waiting() > 0; ++i) await sleep(100);
await shop.service.stop();
const flows = database.prepare("SELECT status, COUNT(*) AS n FROM billing_flows GROUP BY status").all();
const stuck = unsettled();
const unapplied = waiting();
database.close();
await shop.close();

console.log(`  ${purchases} purchases (${counts.link} by link, ${counts.mid_call} mid-call, ${counts.delayed} delayed, ` +
  `${counts.double_pressed} pressed twice), ${kills} kills, ${counts.retries} calls repeated`);
console.log(`  ${paid.length} paid, ${entitled} entitled (${Date.now() - started} ms to see), ${subscriptions.length} subscriptions, ` +
  `${sessions.length} sessions, ${customers.length} customers; flows: ${flows.map(({ status, n }) => `${n} ${status}`).join(', ')}; ` +
  `${unapplied} events not applied yet`);
checks.equal('every purchase was paid', paid.length, purchases);
checks.equal('every paid purchase is entitled', entitled, paid.length);
checks.equal('nobody was charged twice', twice, []);
checks.equal('one subscription for each paid purchase', subscriptions.length, paid.length);
checks.equal('no session is left to be paid again', open.length, 0);
checks.equal('no flow is stuck', stuck, 0);
checks.equal('no event is left', unapplied, 0);
checks.check('the service was killed at least once for each purchase in two', kills >= purchases / 2, kills);
checks.finish();
