// Authorization on the wire: the example with scopes, a real provider, wrong tokens, real clients.
import { Checks } from '../support/checks.mjs';
import { free_port, start, stop_all } from '../support/process.mjs';
import { decorators, headers, metadata, sessions } from './answers.mjs';
import { bound_tokens } from './dpop.mjs';
import { official_clients } from './official.mjs';
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
await checks.step('official clients', () => official_clients(checks, world));
checks.check('no token was printed', !/eyJ[\w-]{20,}/.test(server.output()), server.output().match(/.*eyJ.*/)?.[0]);

await stop_all();
await provider.stop();
checks.finish();
