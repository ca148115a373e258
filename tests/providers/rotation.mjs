// Keys that change while requests come in, floods of unknown key ids, and a provider that is away for a while.
import { free_port, sleep, start } from '../support/process.mjs';
import { make_key, make_token } from './keys.mjs';
import { filled, providers } from './table.mjs';
import { modern } from './wire.mjs';

export async function check_rotation(checks, world) {
  const name = 'oidc';
  const port = await free_port();
  const server = await start('provider-server', [], { bare: true, ready: `http://127.0.0.1:${port}/health`,
    env: { PORT: String(port), AUTH_PROVIDER: name, JWKS_COOLDOWN_SECONDS: '2', ...providers[name].env(world) } });
  const wire = modern(`http://127.0.0.1:${port}/mcp`);
  let serial = 0;
  const token_by = (key, how) => {
    const w = { base: world.base, now: Math.floor(Date.now() / 1000) };
    const { claims, header } = filled({ provider: name }, w);
    serial += 1;
    return make_token({ key, stranger: key, claims: { ...claims, jti: `n${serial}` }, header, how });
  };
  const ask = async (token) => {
    const answer = await wire.call('getUserId', token);
    return answer.status === 200 ? 'OK' : answer.code;
  };

  // Old keys stay in the set next to the new one, as providers do it; then the old one goes.
  const old_key = world.keys[name][0];
  const repeated = await token_by(old_key);
  const outcomes = { before: [], during: [] };
  let phase = 'before';
  let stop = false;
  const load = Array.from({ length: 8 }, async () => {
    while (!stop) {
      const fresh = await token_by(world.signing ?? old_key);
      outcomes[phase].push(await ask(Math.random() < 0.5 ? repeated : fresh));
    }
  });
  await sleep(2200);
  const new_key = await make_key(providers[name].alg);
  world.keys[name] = [old_key, new_key];
  const fetches_before = world.fetches[name];
  phase = 'during';
  world.signing = new_key;
  await sleep(1500);
  stop = true;
  await Promise.all(load);
  const all = [...outcomes.before, ...outcomes.during];
  checks.check('rotation under load: enough calls', outcomes.before.length > 20 && outcomes.during.length > 10, { before: outcomes.before.length, during: outcomes.during.length });
  checks.equal('rotation under load: no accepted request is refused', [...new Set(all)], ['OK']);
  checks.equal('rotation under load: one fetch for the new key', world.fetches[name] - fetches_before, 1);

  world.keys[name] = [new_key];
  await sleep(2100);
  checks.equal('before the set is seen again the old key still works', await ask(repeated), 'OK');
  await ask(await token_by(await make_key(providers[name].alg), 'unknown_key'));
  checks.equal('an old key stops working when it leaves the set, for a token that was cached', await ask(repeated), 'INVALID_TOKEN');
  checks.equal('and for a token that was not', await ask(await token_by(old_key)), 'INVALID_TOKEN');
  checks.equal('the new key goes on', await ask(await token_by(new_key)), 'OK');

  await sleep(2100);
  const at = world.fetches[name];
  const stranger = await make_key(providers[name].alg);
  const forged = await Promise.all(Array.from({ length: 300 }, () => token_by(stranger, 'unknown_key')));
  const begun = Date.now();
  const flood = await Promise.all(forged.map(ask));
  const most = 1 + Math.ceil((Date.now() - begun) / 2000);
  checks.equal('a flood of unknown key ids: all refused', [...new Set(flood)], ['INVALID_TOKEN']);
  checks.check('a flood of unknown key ids: one fetch for each cooldown', world.fetches[name] - at >= 1 && world.fetches[name] - at <= most,
    { fetches: world.fetches[name] - at, most });

  world.down.add(name);
  await sleep(2100);
  checks.equal('provider away: unknown keys cannot be told', await ask(await token_by(stranger, 'unknown_key')), 'VERIFICATION_FAILED');
  checks.equal('provider away: known keys keep working', await ask(await token_by(new_key)), 'OK');
  const newest = await make_key(providers[name].alg);
  world.keys[name] = [new_key, newest];
  world.down.delete(name);
  await sleep(2200);
  checks.equal('provider back: the key it has published meanwhile works', await ask(await token_by(newest)), 'OK');
  checks.equal('provider back: the known key works', await ask(await token_by(new_key)), 'OK');
  await server.stop();
}
