// From the bare URL of the service: the official clients and our command find the sandbox's authorization server, register there,
// and somebody agrees and signs in with the password.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { Account, with_official } from '../oauth_browser/clients.mjs';
import { bin } from '../support/process.mjs';
import { browse, kinds } from '../support/shop.mjs';

async function command(shop, args, on_address) {
  const child = spawn(path.join(bin, 'leanmcp'), args, { env: { PATH: process.env.PATH, HOME: shop.folder, LEANMCP_TOKEN_STORE: 'file' }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let opened;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (piece) => {
      output += piece;
      const address = new RegExp(`${shop.sandbox_url}/authorize\\S+(?=\\s)`).exec(output)?.[0];
      if (address && on_address) opened ??= on_address(address);
    });
  }
  const [code] = await once(child, 'exit');
  await opened;
  return { code, output };
}

export async function signs_in_from_the_bare_url(checks, shop) {
  for (const kind of kinds) {
    await checks.step(`${kind}: from the bare URL`, async () => {
      const account = new Account('grace', { visit: async (address, user) => (await browse(address, user, { within: shop.sandbox_url })).url });
      const profile = (client) => client.callTool({ name: 'getProfile', arguments: {} }).then((result) => result.content[0].text);
      const text = await with_official(kind, `${shop.base}/mcp`, account, profile);
      checks.check(`${kind}: signs in at the sandbox from the bare URL`, text.includes('grace@example.com') && text.includes('Grace Hopper'), text);
      checks.check(`${kind}: and can refresh`, account.kept.refresh_token, account.kept);
    });
  }
  await checks.step('leanmcp login', async () => {
    const url = `${shop.base}/mcp`;
    const login = await command(shop, ['login', url, '--no-browser'], (address) => browse(address, 'alan'));
    checks.equal('leanmcp login: signed in at the sandbox', login.code, 0);
    const { code, output } = await command(shop, ['call', url, 'getProfile']);
    checks.check('leanmcp call: in that name', code === 0 && output.includes('alan@example.com'), `${login.output}\n${output}`);
  });
}
