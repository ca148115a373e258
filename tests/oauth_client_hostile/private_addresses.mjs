// An MCP server on the internet (https, by a name, reached through a proxy) that points the client at its own machine and network.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Double, agreeable, certificates, protected_mcp, proxy } from './doubles.mjs';

export async function private_addresses() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hostile-'));
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  const { ca_file, tls } = certificates(folder, ['mcp.example.test', 'as.example.test']);
  const inside = await Double.start('inside');
  agreeable(inside);
  const allowed = await Double.start('allowed');
  agreeable(allowed);
  const cases = [];
  const add = async (name, expect, change, more = {}) => {
    const rs = await Double.start('rs', { tls, origin: 'https://mcp.example.test' });
    const as = await Double.start('as', { tls, origin: 'https://as.example.test' });
    const way = await proxy({ 'mcp.example.test': rs.port, 'as.example.test': as.port });
    agreeable(as);
    protected_mcp(rs, as);
    change({ rs, as });
    cases.push({
      name,
      expect,
      orders: { url: 'https://mcp.example.test/mcp', timeout_ms: 5000, proxy: way.url, ca_file, ...more.orders },
      after: (check) => {
        way.stop();
        const names = way.asked.map((target) => target.split(':')[0]);
        if (more.reached) {
          check('it is asked', allowed.count('/token') === 1);
        } else {
          check('nothing goes to this machine', inside.connections === 0, inside.seen);
          check('the proxy is asked for the two names alone', names.every((host) => ['mcp.example.test', 'as.example.test'].includes(host)), names);
        }
        check('the MCP server was reached', rs.seen.length > 0);
      },
    });
  };
  await add('all is well', 'ok', () => {});
  const named = (issuer) => ({ rs }) => rs.json('/.well-known/oauth-protected-resource/mcp',
    { resource: 'https://mcp.example.test/mcp', authorization_servers: [issuer] });
  for (const issuer of [inside.origin, `http://localhost:${inside.port}`, `https://127.0.0.1:${inside.port}`, `https://localhost:${inside.port}`,
    `https://app.localhost:${inside.port}`, 'https://10.0.0.1', 'https://192.168.1.1/admin', 'https://169.254.169.254', 'https://[::1]',
    'https://[fd00::1]', 'https://[::ffff:10.0.0.1]', 'https://0.0.0.0', 'https://2130706433', 'https://0x7f.1', 'https://10.0.0.1.evil.example'])
    await add(`authorization server ${issuer}`, 'unauthenticated', named(issuer));
  for (const name of ['authorization_endpoint', 'token_endpoint', 'registration_endpoint', 'revocation_endpoint'])
    for (const url of [`${inside.origin}/token`, 'https://10.0.0.1/x', 'https://[::1]/x', 'https://169.254.169.254/latest/meta-data'])
      await add(`${name} ${url}`, 'unauthenticated', ({ as }) => agreeable(as, { metadata: { [name]: url } }));
  await add('metadata that redirects inside', 'unauthenticated', ({ as }) =>
    as.on('*', (req, res) => res.writeHead(302, { Location: `${inside.origin}/token` }).end()).routes.delete('/.well-known/oauth-authorization-server'));
  await add('challenge that names metadata inside', 'unauthenticated', ({ rs }) => rs.on('/mcp', (req, res) =>
    res.writeHead(401, { 'WWW-Authenticate': `Bearer resource_metadata="${inside.origin}/prm"` }).end()));
  await add('the user allows it', 'ok', named(allowed.origin), { orders: { private_addresses: true }, reached: true });
  return cases;
}
