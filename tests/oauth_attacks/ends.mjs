// 53 to 57: introspection, revocation, servers that tokens are not for, keys, and what is written down.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { bin, free_port, start } from '../support/process.mjs';
import { random } from './world.mjs';
import { Visitor } from './visitor.mjs';

export async function introspection_and_revocation(attack, world) {
  const post = (where, form, headers = {}) => new Visitor().request(`${world.issuer}/${where}`, { method: 'POST', form, headers });
  const tokens = await world.tokens();
  const fifty_three = attack(53, 'RFC 7662 2.1');
  for (const [what, headers] of Object.entries({ nobody: {}, 'a wrong secret': world.basic('api', 'wrong'), 'a client': world.basic('machine', world.client_secret), 'a token': { authorization: `Bearer ${tokens.access_token}` } })) {
    const answer = await post('introspect', { token: tokens.access_token }, headers);
    fifty_three(`introspection by ${what}: 401, nothing said`, answer.status === 401 && !answer.text.includes('active'), answer.text);
  }
  const inactive = async (what, token) => {
    const answer = await post('introspect', { token }, world.basic('api', world.introspection_secret));
    fifty_three(`${what}: active is false and no more`, answer.text === '{"active":false}', answer.text);
  };
  fifty_three('a live one is active', (await world.introspect(tokens.access_token)).active === true);
  await inactive('a refresh token', tokens.refresh_token);
  await inactive('junk', random());
  await inactive('a changed one', `${tokens.access_token.slice(0, -3)}abc`);
  await inactive('a token of the provider', [...world.provider.secrets].at(-1));

  const fifty_four = attack(54, 'RFC 7009 2.1');
  const foreign = await post('revoke', { token: tokens.refresh_token, client_id: 'second' });
  fifty_four('another client\'s refresh token: 200', foreign.status === 200, foreign.status);
  const foreign_access = await post('revoke', { token: tokens.access_token, client_id: 'second' });
  fifty_four('another client\'s access token: 200', foreign_access.status === 200 && (await world.introspect(tokens.access_token)).active === true);
  fifty_four('unknown: 200', (await post('revoke', { token: random(), client_id: 'native' })).status === 200);
  const next = await world.refresh(tokens.refresh_token);
  fifty_four('it still works', next.status === 200, next.text);
  await post('revoke', { token: next.json.refresh_token, client_id: 'native' });
  fifty_four('the owner\'s revocation ends the family', (await world.refresh(next.json.refresh_token)).json.error === 'invalid_grant' && (await world.introspect(next.json.access_token)).active === false);
}

export async function foreign_tokens(attack, world) {
  const serve = async (audience) => {
    const port = await free_port();
    const env = { PORT: port, AUTH_PROVIDER: 'oidc', OIDC_ISSUER: world.issuer, OIDC_AUDIENCE: audience, APP_URL: audience };
    await start('scoped-tools', [], { env, bare: true, ready: `http://127.0.0.1:${port}/health` });
    return async (token) => {
      const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'notes.read', arguments: { id: 'welcome' }, _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'attack', version: '1' }, 'io.modelcontextprotocol/clientCapabilities': {} } } };
      const answer = await fetch(`http://127.0.0.1:${port}/mcp`, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'notes.read', ...(token ? { authorization: `Bearer ${token}` } : {}) } });
      await answer.text();
      return answer.status;
    };
  };
  const [at_a, at_b] = [await serve(world.resource), await serve(world.other_resource)];
  const own = await world.tokens({ scope: 'read openid' });
  const other = await world.tokens({ scope: 'read openid', resource: world.other_resource });
  const fifty_five = attack(55, 'RFC 9068 4');
  const status = await at_a(own.access_token);
  fifty_five('a token of A is known at A', status !== 401, status);
  fifty_five('a token of A at B: 401', (await at_b(own.access_token)) === 401);
  fifty_five('a token of B at A: 401', (await at_a(other.access_token)) === 401);
  fifty_five('a token of the provider: 401', (await at_a([...world.provider.secrets].filter((one) => one.startsWith('upstream-at')).at(-1))) === 401);
  const thirty_seven = attack(37, 'RFC 9068 4');
  thirty_seven('an ID token as bearer: 401', own.id_token && (await at_a(own.id_token)) === 401);
  thirty_seven('a refresh token as bearer: 401', (await at_a(own.refresh_token)) === 401);
  thirty_seven('no token: 401', (await at_a()) === 401);
  const at_userinfo = async (token) => (await fetch(`${world.issuer}/userinfo`, { headers: { authorization: `Bearer ${token}` } })).status;
  thirty_seven('an ID token at userinfo: 401', (await at_userinfo(own.id_token)) === 401);
  thirty_seven('an access token without openid at userinfo: refused', [401, 403].includes(await at_userinfo((await world.tokens()).access_token)));
}

export async function weak_keys(attack, world) {
  const fifty_six = attack(56, 'RFC 8725 3.5');
  for (const [what, keys] of Object.entries({ 'a short key': 'c2hvcnQ', none: '', 'a word': 'changeme', 'a short one among two': `${random()},b:c2hvcnQ`, 'of 16 bytes': random(16) })) {
    const ran = spawnSync(path.join(bin, 'authorization-server'), ['--port', String(await free_port())], { env: { PATH: process.env.PATH, ...world.env, DATABASE_URL: 'sqlite::memory:', LEANMCP_STATE_KEYS: keys }, timeout: 120_000 });
    fifty_six(`${what}: refuses to start and says why`, ran.status === 2 && ran.stderr.toString().includes('LEANMCP_STATE_KEYS'), `${ran.status} ${ran.stderr}`);
  }
}

export function scan(attack, worlds) {
  const fifty_seven = attack(57, 'RFC 9700 4.2.4');
  for (const [name, world] of Object.entries(worlds)) {
    const secrets = [...world.secrets, ...world.provider.secrets].filter((one) => one && one.length >= 16);
    const log = world.server.output();
    const found = secrets.filter((one) => log.includes(one) || log.includes(encodeURIComponent(one)));
    fifty_seven(`${name}: none of ${secrets.length} secrets is in the log`, secrets.length > 20 && found.length === 0, found.slice(0, 3).map((one) => `${one.slice(0, 12)}… in ${log.split('\n').find((line) => line.includes(one))}`));
    fifty_seven(`${name}: no token of any kind`, !/eyJ[\w-]{20,}\./.test(log), log.match(/.*eyJ[\w-]{20,}.*/)?.[0]?.slice(0, 300));
    const files = fs.readdirSync(world.folder).filter((file) => file.startsWith('as.db')).map((file) => fs.readFileSync(path.join(world.folder, file), 'latin1'));
    // The client's own state is kept to be given back; it proves nothing here.
    const stored = secrets.filter((one) => !world.states.has(one) && files.some((text) => text.includes(one)));
    fifty_seven(`${name}: none is in the database as it is`, stored.length === 0, stored.slice(0, 3));
    fifty_seven(`${name}: but what was done is in the log`, ['oauth authorize', 'oauth consent', 'oauth sign_in', 'oauth token'].every((line) => log.includes(line)));
  }
}
