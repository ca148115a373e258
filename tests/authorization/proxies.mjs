// Behind a proxy: what the server calls itself is what it was told, never what a header says. And how refusals read on stdio.
import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import path from 'node:path';
import readline from 'node:readline';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { bin } from '../support/process.mjs';
import { modern, send } from './wire.mjs';

const call = { name: 'whoami', arguments: {} };

export async function behind_a_proxy(checks, { url, public_url, provider }) {
  const origin = new URL(url).origin;
  const metadata = `${new URL(public_url).origin}/.well-known/oauth-protected-resource/mcp`;
  const lies = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', 'x-forwarded-for': '10.0.0.1', forwarded: 'host=evil.example;proto=http', 'x-original-url': '/evil', 'x-forwarded-prefix': '/evil' };
  for (const [what, headers] of Object.entries({ 'as itself': {}, 'through the proxy': { host: new URL(public_url).host }, 'with lies': lies })) {
    const answer = await modern(url, 'tools/call', call, { headers });
    const challenges = answer.headers['www-authenticate'];
    checks.check(`challenge ${what}`, answer.status === 401 && challenges.startsWith(`Bearer resource_metadata="${metadata}", scope="use"`)
      && challenges.includes(`DPoP resource_metadata="${metadata}"`) && !/evil|127\.0\.0\.1/.test(challenges), challenges);
    for (const at of ['/.well-known/oauth-protected-resource', '/.well-known/oauth-protected-resource/mcp']) {
      const document = await send(`${origin}${at}`, { method: 'GET', headers });
      checks.equal(`metadata ${what}, ${at}`, [document.status, document.body.resource], [200, public_url]);
    }
  }
  const foreign = await modern(url, 'tools/call', call, { headers: { host: 'evil.example', authorization: `Bearer ${await provider.forge({ aud: public_url })}` } });
  checks.check('a foreign Host is not served', foreign.status === 403 || foreign.status === 421, foreign.status);
  const as = async (aud, headers = {}) => (await modern(url, 'tools/call', call, { headers: { authorization: `Bearer ${await provider.forge({ aud })}`, ...headers } })).status;
  checks.equal('a token for the public URL', await as(public_url), 200);
  for (const aud of [url, public_url.replace('https:', 'http:'), `${public_url}/`, new URL(public_url).origin, 'https://evil.example/mcp'])
    checks.equal(`a token for ${aud}`, await as(aud, { 'x-forwarded-host': 'evil.example' }), 401);

  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  const token = await provider.forge({ aud: public_url, cnf: { jkt: await calculateJwkThumbprint(jwk) } });
  const proof = (htu) => new SignJWT({ htm: 'POST', htu, iat: Math.floor(Date.now() / 1000), jti: randomUUID(), ath: createHash('sha256').update(token).digest('base64url') })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk }).sign(privateKey);
  const bound = async (htu, headers = {}) => (await modern(url, 'tools/call', call, { headers: { authorization: `DPoP ${token}`, dpop: await proof(htu), ...headers } })).status;
  checks.equal('a proof for the public URL', await bound(public_url), 200);
  checks.equal('a proof for the public URL, port and case written out', await bound('HTTPS://MCP.example.com:443/mcp'), 200);
  checks.equal('a proof for the local URL', await bound(url), 401);
  checks.equal('a proof for what a header claims', await bound('https://evil.example/mcp', { 'x-forwarded-host': 'evil.example' }), 401);
}

// Requests to one stdio process, in order; answers by id.
function process_of(environment) {
  const child = spawn(path.join(bin, 'attacked-server'), ['--stdio'], { env: environment, stdio: ['pipe', 'pipe', 'ignore'] });
  const waiting = new Map();
  readline.createInterface({ input: child.stdout }).on('line', (line) => { const message = JSON.parse(line); waiting.get(message.id)?.(message); });
  let last = 0;
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
  return {
    ask: (method, params, more = {}) => new Promise((resolve) => {
      last += 1;
      waiting.set(last, resolve);
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: last, method, params: { ...params, _meta: { ...meta, ...more } } })}\n`);
    }),
    end: () => child.stdin.end(),
  };
}

export async function on_stdio(checks, { environment, provider }) {
  const requests = [['prompts/get', { name: 'plan', arguments: { id: 'a' } }], ['resources/read', { uri: 'notes://own' }],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'plan' }, argument: { name: 'id', value: '' } }]];
  const good = await provider.forge();
  for (const [what, token, word] of [['no token', '', 'MISSING_TOKEN'], ['a bad token', 'x.y.z', 'INVALID_TOKEN'], ['a good token', good, undefined]]) {
    const server = process_of({ ...environment, ACCESS_TOKEN: token });
    const tool = await server.ask('tools/call', call);
    checks.equal(`stdio, ${what}, tool: a result`, tool.result?.isError ? JSON.parse(tool.result.content[0].text).code : tool.result?.content[0].text, word ?? 'oidc:ada');
    if (word) checks.equal(`stdio, ${what}, tool: detail in _meta too`, tool.result._meta['com.leanmcp/error'].code, word);
    for (const [method, params] of requests) {
      const answer = await server.ask(method, params);
      checks.equal(`stdio, ${what}, ${method}: a JSON-RPC error`, word ? [answer.error?.code, answer.error?.data?.code] : Boolean(answer.result), word ? [401, word] : true);
      if (word) checks.check(`stdio, ${what}, ${method}: what to do`, answer.error.data.action && answer.error.message, answer);
    }
    const by_meta = await server.ask('tools/call', call, { authorization: { type: 'bearer', token: good } });
    checks.equal(`stdio, ${what}, a good one in _meta`, by_meta.result?.content?.[0]?.text, 'oidc:ada');
    server.end();
  }
}
