// Authorization on the wire: the example with scopes, a real provider, wrong tokens, real clients.
import { Checks } from '../support/checks.mjs';
import { free_port, start, stop_all } from '../support/process.mjs';
import { decorators, headers, metadata, sessions } from './answers.mjs';
import { batches, ending_tokens, hidden, odd_tokens, others_questions, others_streams } from './attacks.mjs';
import { bound_tokens, nonces } from './dpop.mjs';
import { official_clients } from './official.mjs';
import { behind_a_proxy, on_stdio } from './proxies.mjs';
import { start_provider } from './provider.mjs';
import { wrong_tokens } from './tokens.mjs';
import { open_session } from './wire.mjs';

const checks = new Checks('authorization');
const port = await free_port();
const url = `http://127.0.0.1:${port}/mcp`;
const provider = await start_provider({ port: await free_port(), audience: url });
const environment = { PATH: process.env.PATH, PORT: port, AUTH_PROVIDER: 'oidc', OIDC_ISSUER: provider.issuer, OIDC_AUDIENCE: url };
const server = await start('scoped-tools', [], { env: environment, bare: true, ready: `http://127.0.0.1:${port}/health` });
const world = { url, provider, environment };

await checks.step('wrong tokens', async () => wrong_tokens(checks, { ...world, session: await open_session(url) }));
await checks.step('decorators', () => decorators(checks, world));
await checks.step('headers', () => headers(checks, world));
await checks.step('metadata', () => metadata(checks, world));
await checks.step('sessions', () => sessions(checks, world));
await checks.step('bound tokens', async () => {
  const at = await free_port();
  const other = `http://127.0.0.1:${at}/mcp`;
  await start('scoped-tools', [], { env: { ...environment, PORT: at, OIDC_AUDIENCE: other, DPOP: '1' }, bare: true, ready: `http://127.0.0.1:${at}/health` });
  await bound_tokens(checks, { url: other, provider: { forge: (claims) => provider.forge({ aud: other, ...claims }) } });
});
await checks.step('public URL', async () => {
  const at = await free_port();
  const local = `http://127.0.0.1:${at}`;
  const running = await start('scoped-tools', [], { env: { ...environment, PORT: at, PUBLIC_URL: 'https://mcp.example.com/' }, bare: true, ready: `${local}/health` });
  const said = await fetch(`${local}/.well-known/oauth-protected-resource/mcp`);
  checks.equal('a slash at the end of it is nobody\'s fault', [said.status, (await said.json()).resource], [200, 'https://mcp.example.com/mcp']);
  await running.stop();
  for (const [name, value, expected] of [['PUBLIC_URL', 'https://mcp.example.com//a', /protects\(\): 'https:\/\/mcp\.example\.com\/\/a\/mcp' is not/], ['PORT', 'abc', /PORT: 'abc' is no port/]]) {
    const stopped = await start('scoped-tools', [], { env: { ...environment, PORT: at, [name]: value }, bare: true });
    const code = await stopped.exited;
    checks.check(`${name}=${value}: stops and says why`, code === 2 && expected.test(stopped.output()), `${code}: ${stopped.output()}`);
  }
});
// The server to be attacked, as another audience; `more` goes into its environment.
async function attacked(more = {}) {
  const at = await free_port();
  const own = `http://127.0.0.1:${at}/mcp`;
  const aud = more.PUBLIC_URL ?? own;
  const env = { ...environment, PORT: at, OIDC_AUDIENCE: aud, ...more };
  const running = await start('attacked-server', [], { env, bare: true, ready: `http://127.0.0.1:${at}/health` });
  return { url: own, environment: env, running, provider: { ...provider, forge: (claims, ...rest) => provider.forge({ aud, ...claims }, ...rest) } };
}
const target = await attacked();
await checks.step("others' streams", () => others_streams(checks, target));
await checks.step("others' questions", () => others_questions(checks, target));
await checks.step('batches', () => batches(checks, target));
await checks.step('odd tokens', () => odd_tokens(checks, target));
await checks.step('hidden', () => hidden(checks, target));
await checks.step('ending tokens', () => ending_tokens(checks, target));
await checks.step('stdio', () => on_stdio(checks, target));
const log = target.running.output();
checks.check('no claim begins a line of the log', !/^FORGED LINE/m.test(log) && /FORGED LINE/.test(log) && !/\u202e/.test(log), log.match(/.*FORGED.*/)?.[0]);
await checks.step('nonces', async () => nonces(checks, await attacked({ DPOP: 'nonces' })));
await checks.step('behind a proxy', async () => {
  const public_url = 'https://mcp.example.com/mcp';
  await behind_a_proxy(checks, { ...(await attacked({ PUBLIC_URL: public_url, DPOP: '1' })), public_url });
});
await checks.step('official clients', () => official_clients(checks, world));
checks.check('no token was printed', !/eyJ[\w-]{20,}/.test(server.output()), server.output().match(/.*eyJ.*/)?.[0]);

await stop_all();
await provider.stop();
checks.finish();
