// Providers that lie, are broken, endless or slow: at the start the server stops and says why, later it keeps what it has.
import { once } from 'node:events';
import http from 'node:http';
import { free_port, sleep, start } from '../support/process.mjs';
import { make_key, make_token } from './keys.mjs';
import { audience } from './table.mjs';
import { modern } from './wire.mjs';

async function start_evil() {
  const world = { key: await make_key('RS256'), discovery: {}, jwks: {}, asked: { discovery: 0, jwks: 0 } };
  const answer = (response, how, good) => {
    if (how.silent) return;
    const body = how.body ?? JSON.stringify({ ...good, ...how.over });
    response.writeHead(how.status ?? 200, { 'Content-Type': how.type ?? 'application/json', ...how.headers });
    if (how.drip) {
      const timer = setInterval(() => response.write(' '), 200);
      response.on('close', () => clearInterval(timer));
      return;
    }
    response.end(body);
  };
  const server = http.createServer((request, response) => {
    const issuer = world.base;
    if (request.url === '/.well-known/openid-configuration') {
      world.asked.discovery += 1;
      return answer(response, world.discovery, { issuer, jwks_uri: `${issuer}/keys`, userinfo_endpoint: `${issuer}/me`, token_endpoint: `${issuer}/token` });
    }
    if (request.url === '/good') return answer(response, {}, { issuer, jwks_uri: `${issuer}/keys` });
    if (request.url === '/goodkeys') return answer(response, {}, { keys: [world.key.jwk] });
    if (request.url === '/keys') {
      world.asked.jwks += 1;
      return answer(response, world.jwks, { keys: [world.key.jwk] });
    }
    response.writeHead(404);
    return response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  world.base = `http://127.0.0.1:${server.address().port}`;
  world.stop = () => { server.closeAllConnections(); server.close(); };
  return world;
}

const huge = `{"x":"${'a'.repeat(10_000_000)}"}`;
const deep = `{"x":${'['.repeat(5000)}${']'.repeat(5000)}}`;
const settings = (evil) => ({ AUTH_PROVIDER: 'oidc', OIDC_ISSUER: evil.base, OIDC_AUDIENCE: audience, JWKS_COOLDOWN_SECONDS: '1' });

export async function check_evil(checks) {
  const evil = await start_evil();
  const { alg, ...no_alg } = evil.key.jwk;
  const at_start = [
    ['another issuer', { discovery: { over: { issuer: 'https://idp.example' } } }, /the issuer is 'https:\/\/idp\.example'/],
    ['an issuer with a slash', { discovery: { over: { issuer: `${evil.base}/` } } }, /a slash at the end makes the difference/],
    ['no issuer', { discovery: { over: { issuer: undefined } } }, /the issuer is ''/],
    ['an issuer in a list', { discovery: { over: { issuer: [evil.base] } } }, /the issuer is ''/],
    ['keys by plain http', { discovery: { over: { jwks_uri: 'http://idp.example/keys' } } }, /jwks_uri 'http:\/\/idp\.example\/keys' .* is no https URL/],
    ['keys in a file', { discovery: { over: { jwks_uri: 'file:///etc/passwd' } } }, /is no https URL/],
    ['keys with credentials in the URL', { discovery: { over: { jwks_uri: 'https://a:b@idp.example/keys' } } }, /is no https URL/],
    ['no keys named', { discovery: { over: { jwks_uri: undefined } } }, /jwks_uri '' .* is no https URL/],
    ['profiles by plain http', { discovery: { over: { userinfo_endpoint: 'http://idp.example/me' } } }, /'http:\/\/idp\.example\/me' .* is no https URL/],
    ['a script for a token endpoint', { discovery: { over: { token_endpoint: 'javascript:alert(1)' } } }, /is no https URL/],
    ['a redirection to a good document', { discovery: { status: 302, headers: { Location: `${evil.base}/good` } } }, /status 302/],
    ['a page', { discovery: { body: '<html>', type: 'text/html' } }, /is no JSON object/],
    ['a list', { discovery: { body: '[]' } }, /is no JSON object/],
    ['ten megabytes', { discovery: { body: huge } }, /too_large/],
    ['brackets without end', { discovery: { body: deep } }, /is no JSON object/],
    ['an error', { discovery: { status: 500 } }, /status 500/],
    ['silence', { discovery: { silent: true } }, /timeout/],
    ['a byte now and then', { discovery: { drip: true } }, /timeout/],
    ['keys: a redirection', { jwks: { status: 302, headers: { Location: `${evil.base}/goodkeys` } } }, /status 302/],
    ['keys: ten megabytes', { jwks: { body: huge } }, /too_large/],
    ['keys: silence', { jwks: { silent: true } }, /timeout/],
    ['keys: a page', { jwks: { body: '<html>' } }, /cannot be used/],
    ['keys: none', { jwks: { over: { keys: [] } } }, /no key that can be used/],
    ['keys: too many', { jwks: { over: { keys: Array(300).fill(evil.key.jwk) } } }, /too many keys/],
    ['keys: a secret', { jwks: { over: { keys: [{ kty: 'oct', k: 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA', kid: 'x' }] } } }, /no key that can be used/],
    ['keys: for encryption', { jwks: { over: { keys: [{ ...no_alg, use: 'enc' }] } } }, /no key that can be used/],
    ['keys: brackets without end', { jwks: { body: deep } }, /cannot be used/],
    ['keys: status 206', { jwks: { status: 206 } }, /status 206/],
  ];
  for (const [name, how, expected] of at_start) {
    Object.assign(evil, { discovery: how.discovery ?? {}, jwks: how.jwks ?? {} });
    const server = await start('provider-server', [], { bare: true, env: { PORT: '0', ...settings(evil) } });
    const code = await server.exited;
    const said = server.output();
    checks.check(`a provider with ${name}: the server stops and says why`, code === 2 && said.includes('OIDC_ISSUER') && said.includes(evil.base) && expected.test(said), `${code}: ${said.slice(0, 500)}`);
    checks.check(`a provider with ${name}: in a sentence`, said.length < 1500, said.length);
  }

  Object.assign(evil, { discovery: {}, jwks: {} });
  const port = await free_port();
  const server = await start('provider-server', [], { bare: true, ready: `http://127.0.0.1:${port}/health`, env: { PORT: String(port), ...settings(evil) } });
  const wire = modern(`http://127.0.0.1:${port}/mcp`);
  let serial = 0;
  const ask = async (key, kid = key.kid) => {
    const now = Math.floor(Date.now() / 1000);
    serial += 1;
    const token = await make_token({ key: { ...key, kid }, header: { typ: 'at+jwt' }, claims: { iss: evil.base, aud: audience, sub: `u${serial}`, client_id: 'c', iat: now, exp: now + 600 } });
    const answer = await wire.call('getUserId', token);
    return answer.status === 200 ? 'OK' : answer.code;
  };
  const stranger = await make_key('RS256');
  checks.equal('a good provider', await ask(evil.key), 'OK');
  for (const [name, how] of Object.entries({ 'a redirection': { status: 302, headers: { Location: `${evil.base}/goodkeys` } }, 'ten megabytes': { body: huge }, 'a page': { body: '<html>' },
    'no keys': { over: { keys: [] } }, 'an error': { status: 503 }, 'brackets without end': { body: deep }, silence: { silent: true } })) {
    await sleep(1100);
    evil.jwks = how;
    checks.equal(`later ${name}: an unknown key cannot be told`, await ask(stranger), 'VERIFICATION_FAILED');
    checks.equal(`later ${name}: the known key goes on`, await ask(evil.key), 'OK');
  }
  await sleep(1100);
  evil.jwks = { over: { keys: [{ ...stranger.jwk, kid: evil.key.kid }] } };
  checks.equal('another key under the known id: the unknown id is refused', await ask(stranger, 'nobody'), 'INVALID_TOKEN');
  checks.equal('another key under the known id: the old one is out', await ask(evil.key), 'INVALID_TOKEN');
  checks.equal('another key under the known id: the new one is in', await ask(stranger, evil.key.kid), 'OK');
  await server.stop();
  evil.stop();
}
