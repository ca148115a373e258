// Every provider against a double of its own shape: right tokens give the exact user, forged and wrong ones the documented code,
// over HTTP and on stdio, on both eras, by header and by _meta; then keys that change under load, providers that go away or lie.
// "run.mjs clerk" does one provider.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { Checks } from '../support/checks.mjs';
import { bin, free_port, sleep, start, stop_all } from '../support/process.mjs';
import { start_doubles } from './doubles.mjs';
import { check_evil } from './evil.mjs';
import { make_token } from './keys.mjs';
import { check_rotation } from './rotation.mjs';
import { check_several } from './several.mjs';
import { check_start_up } from './start_up.mjs';
import { filled, providers, rows } from './table.mjs';
import { legacy, modern, stdio, stdio_2025 } from './wire.mjs';

const only = process.argv[2];
const refused = {};
const checks = new Checks('providers');
const world = await start_doubles();

async function token_of(row) {
  if (row.how === 'raw') return row.raw;
  const w = { base: world.base, now: Math.floor(Date.now() / 1000) };
  const { claims, header } = filled(row, w);
  return make_token({ key: world.keys[row.provider][0], stranger: world.strangers[row.provider], claims, header, how: row.how, secret: row.secret });
}

for (const [name, provider] of Object.entries(providers)) {
  if (only && only !== name) continue;
  const port = await free_port();
  const server = await start(provider.program ?? 'provider-server', [], { bare: true, ready: `http://127.0.0.1:${port}/health`,
    env: { PORT: String(port), AUTH_PROVIDER: name, JWKS_COOLDOWN_SECONDS: '1', ...provider.env(world) } });
  const url = `http://127.0.0.1:${port}/mcp`;
  const child = spawn(path.join(bin, 'provider-server'), ['--stdio'], { stdio: ['pipe', 'pipe', 'ignore'],
    env: { PORT: '0', AUTH_PROVIDER: name, JWKS_COOLDOWN_SECONDS: '1', ...provider.env(world) } });
  const old_child = spawn(path.join(bin, 'provider-server'), ['--stdio'], { stdio: ['pipe', 'pipe', 'ignore'],
    env: { PORT: '0', AUTH_PROVIDER: name, JWKS_COOLDOWN_SECONDS: '1', ...provider.env(world) } });
  for (const wire of [modern(url), legacy(url), modern(url, { by_meta: true }), legacy(url, { by_meta: true }), stdio(child), await stdio_2025(old_child)]) {
    const title = (text) => `${name}, ${wire.name}: ${text}`;
    const nothing = await wire.call('getUserId', undefined);
    checks.equal(title('no token'), nothing.code ?? nothing.told, 'MISSING_TOKEN');
    const right = provider.opaque ?? (await token_of({ provider: name }));
    const profile = await wire.call('getProfile', right);
    checks.equal(title('the exact user'), profile.text && JSON.parse(profile.text), provider.profile);
    for (const row of rows.filter((item) => item.provider === name)) {
      const answer = await wire.call(row.tool ?? 'getUserId', await token_of(row));
      if (row.rest_ms) await sleep(row.rest_ms);
      if (row.expect === 'OK') {
        checks.equal(title(row.name), [answer.status, answer.text], [200, row.claims?.sub ?? provider.id]);
      } else {
        const refusal = { INVALID_TOKEN: 401, VERIFICATION_FAILED: 503 };
        // A profile is asked for before the tool runs: over HTTP it is refused as the token would be.
        const code = wire.soft ? answer.told : (answer.code ?? answer.told);
        refused[wire.name] = (refused[wire.name] ?? 0) + 1;
        checks.equal(title(row.name), code, row.expect);
        checks.equal(title(`${row.name}: how it is told`), [answer.status, answer.is_error], wire.soft ? [200, true] : [refusal[row.expect], false]);
        if (!checks.verbose && code !== row.expect) console.log(JSON.stringify(answer.message));
      }
    }
  }
  await checks.step(`${name} says nothing secret`, async () => {
    const output = server.output();
    checks.check(`${name}: no token or secret in the log`, !/eyJ|sk_test_double|gho_|ya29|shh/.test(output), output.split('\n').find((line) => /eyJ|sk_test_double|gho_|ya29|shh/.test(line)));
  });
  await server.stop();
  child.stdin.end();
  old_child.stdin.end();
}
if (!only) checks.check(`forged and wrong tokens on each wire: ${JSON.stringify(refused)}`, Object.keys(refused).length === 6 && Object.values(refused).every((count) => count >= 60), refused);
if (!only || only === 'rights') {
  await checks.step('rights', () => check_rights());
}
if (!only || only === 'several') await checks.step('several', () => check_several(checks, world, (name) => token_of({ provider: name })));
if (!only || only === 'rotation') await checks.step('rotation', () => check_rotation(checks, world));
if (!only || only === 'evil') await checks.step('evil', () => check_evil(checks));
if (!only || only === 'start_up') await checks.step('start_up', () => check_start_up(checks, world));
await stop_all();
world.stop();
checks.finish();

async function check_rights() {
  const expected = {
    clerk: 'scopes= roles=org:admin groups= permissions=org:dash:manage org:dash:read org:teams:read organisation=org_1',
    keycloak: 'scopes=openid email roles=user webapp:editor groups= permissions= organisation=',
    okta: 'scopes=openid email roles= groups= permissions= organisation=',
    workos: 'scopes= roles=member groups= permissions=a:b organisation=org_01',
    supabase: 'scopes= roles=authenticated groups= permissions= organisation=',
  };
  for (const [name, text] of Object.entries(expected)) {
    const port = await free_port();
    const server = await start('provider-server', [], { bare: true, ready: `http://127.0.0.1:${port}/health`,
      env: { PORT: String(port), AUTH_PROVIDER: name, ...providers[name].env(world) } });
    const answer = await modern(`http://127.0.0.1:${port}/mcp`).call('getRights', await token_of({ provider: name }));
    checks.equal(`${name}: scopes, roles, groups, permissions, organisation`, answer.text, text);
    await server.stop();
  }
}
