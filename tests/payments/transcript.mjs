// The session that docs/guides/adding-auth-and-payment.md shows: what an agent says and what the server answers. Run by
// itself it prints the session; in ./test payments the guide is held against it.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { browse, customer, open_shop } from '../support/shop.mjs';

export async function transcript() {
  const shop = await open_shop();
  await shop.restart();
  const lines = [];
  const say = (line) => lines.push(line.replaceAll(shop.base, 'http://127.0.0.1:3000'));
  const show = async (client, name, args = {}) => {
    say(`> ${name} ${JSON.stringify(args)}`);
    const { ok, text } = await client.call(name, args);
    say(`${ok ? '' : '(error) '}${text}`);
  };

  const token = await shop.token('ada');
  const plain = await customer(shop, { token });
  say('# ada, with a client that cannot ask');
  await show(plain, 'getProfile');
  await show(plain, 'premiumFeature', { data: 'x' });
  say('');
  say('# the same with a client that can open URLs');
  const on_url = ({ message, url }) => {
    say(`? ${message}`);
    say(`  ${url}`);
    browse(url, 'ada').then(async (page) => {
      say('  ada opens it, signs in, and pays on the page it leads to');
      await fetch(page.url, { method: 'POST', redirect: 'manual', headers: { origin: page.url.origin },
        body: new URLSearchParams({ action: 'pay', terms: 'yes' }) });
    });
    return { action: 'accept' };
  };
  const able = await customer(shop, { token, on_url });
  await show(able, 'premiumFeature', { data: 'x' });
  await show(plain, 'checkSubscription');
  await Promise.all([plain.close(), able.close()]);
  await shop.close();
  return lines;
}

// What differs from run to run.
export const without_chance = (line) => line.replace(/\/billing\/go\/[\w-]{22}/g, '/billing/go/<flow>')
  .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, '<time>');

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url))
  for (const line of await transcript()) console.log(line);
