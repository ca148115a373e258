// A premium service that its client started itself: the person pays on pages of that very process.
import { sleep } from '../support/process.mjs';
import { browse, customer, kinds, open_shop } from '../support/shop.mjs';

async function pay(url, user) {
  const page = await browse(url, user);
  const body = new URLSearchParams({ action: 'pay', terms: 'yes' });
  await fetch(page.url, { method: 'POST', redirect: 'manual', headers: { origin: page.url.origin }, body });
}

// The process that had the port is gone.
async function until_free(shop) {
  while (await fetch(`${shop.base}/health`).then(() => true, () => false)) await sleep(50);
}

export async function over_stdio(checks) {
  const shop = await open_shop();
  // Nobody says where pages are: they are on this machine, on the port.
  const { PUBLIC_URL, APP_URL, ...environment } = shop.environment;
  for (const kind of kinds) {
    await checks.step(`stdio, ${kind}`, async () => {
      const user = `pipe-${kind.replace('-', '')}`;
      let link;
      const alone = await customer(shop, {
        kind, environment, token: await shop.token(user),
        on_url: ({ url }) => { link = url; pay(url, user).catch(() => {}); return { action: 'accept' }; },
      });
      await alone.tools();
      const outcome = await alone.call('premiumFeature', { data: 'x' });
      checks.check(`stdio, ${kind}: the link leads to this process`, link?.startsWith(`${shop.base}/billing/go/`), link ?? outcome.text);
      checks.check(`stdio, ${kind}: paid, the same call completes`, outcome.ok && outcome.data.result.includes('x'), outcome.text);
      await alone.close();
      await until_free(shop);
    });
  }
  await checks.step('stdio, port taken', async () => {
    const first = await customer(shop, { environment, token: await shop.token('pipe-first'), on_url: () => ({ action: 'accept' }) });
    const second = await customer(shop, { environment, token: await shop.token('pipe-second'), on_url: () => ({ action: 'accept' }) });
    await second.tools();
    const refused = await second.call('premiumFeature', { data: 'x' });
    checks.equal('stdio, port taken: nothing is asked', [refused.ok, second.asked.length], [false, 0]);
    checks.check("stdio, port taken: the link is Stripe's own", refused.said.paymentUrl?.startsWith(`${shop.sandbox_url}/checkout/`), refused.said);
    checks.check('stdio, port taken: the log says so', second.log().includes('the port is taken'), second.log());
    await pay(refused.said.paymentUrl);
    await sleep(300);
    const paid = await second.call('premiumFeature', { data: 'y' });
    checks.check('stdio, port taken: paid, the next call works', paid.ok, paid.text);
    await Promise.all([first.close(), second.close()]);
  });
  await shop.close();
}
