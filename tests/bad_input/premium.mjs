// What only a server with users can get wrong: other people's sessions and states, and secrets in what it prints.
import { meta, modern, open_session, post, send } from './raw.mjs';

const bearer = (token) => ({ Authorization: `Bearer ${token}` });
const call = (name, extra = {}) => ({ method: 'tools/call', params: { name, arguments: {}, ...extra, _meta: meta() } });

export async function other_people(checks, world) {
  const { port } = world;
  const ada = await world.provider.token('ada');
  const bob = await world.provider.token('bob');

  const first = (await send(port, modern(port, call('upgrade'), bearer(ada)))).json?.result;
  checks.equal('upgrade asks', first?.resultType, 'input_required');
  const [key] = Object.keys(first?.inputRequests ?? { none: 0 });
  const answers = { requestState: first?.requestState, inputResponses: { [key]: { action: 'accept', content: { plan: 'monthly', confirm: true } } } };
  const stolen = await send(port, modern(port, call('upgrade', answers), bearer(bob)));
  checks.equal('another person\'s state: -32602', stolen.json?.error?.code, -32602);
  const nobody = await send(port, modern(port, call('upgrade', answers)));
  checks.equal('a state without a token: 401', nobody.status, 401);
  checks.equal('no checkout came of it', world.stripe.sessions.size, 0);

  const session = await open_session(port, '2025-11-25', { headers: bearer(ada) });
  const profile = { jsonrpc: '2.0', id: 5, method: 'tools/call', params: { name: 'getProfile', arguments: {} } };
  const own = await session.send(profile);
  checks.check('a session serves its owner', own.json?.result?.isError !== true && own.text.includes('ada@example.com'), own.text);
  const foreign = await session.send(profile, bearer(bob));
  checks.check('another person\'s session is not found', foreign.status === 404 && !foreign.text.includes('example.com'), foreign.text);
  const after = await session.send(profile);
  checks.check('and its owner still has it', after.text.includes('ada@example.com'), after.text);
}

export async function bad_credentials(checks, world) {
  const { port } = world;
  const good = await world.provider.token('ada');
  const cases = {
    'two Authorization headers': { Authorization: [`Bearer ${good}`, `Bearer ${good}`] }, 'Basic': { Authorization: 'Basic YTpi' },
    'Bearer alone': { Authorization: 'Bearer' }, 'Bearer of nothing': { Authorization: 'Bearer ' }, 'a token of 100 kB': { Authorization: `Bearer ${'a'.repeat(100000)}` },
    'dots only': { Authorization: 'Bearer ..' }, 'cut signature': { Authorization: `Bearer ${good.slice(0, -6)}` },
    'a bit of the signature': { Authorization: `Bearer ${good.slice(0, -2)}${good.at(-2) === 'A' ? 'B' : 'A'}${good.at(-1)}` },
    'other payload': { Authorization: `Bearer ${good.replace(/\.[^.]+\./, `.${btoa('{"sub":"user-bob"}').replaceAll('=', '')}.`)}` },
  };
  for (const [what, headers] of Object.entries(cases)) {
    const answer = await send(port, modern(port, call('getProfile'), headers));
    checks.check(`${what}: refused`, [400, 401, 413, 431].includes(answer.status), answer.status);
    checks.check(`${what}: says nothing about anyone`, !/example\.com/.test(answer.text ?? ''), answer.text);
  }
  const hmac = await world.provider.forge('ada', {}, {}).then((token) => token.split('.'));
  const confused = `${btoa(JSON.stringify({ alg: 'HS256', typ: 'at+jwt' })).replaceAll('=', '')}.${hmac[1]}.${hmac[2]}`;
  checks.equal('RS256 made HS256: 401', (await send(port, modern(port, call('getProfile'), bearer(confused)))).status, 401);
  const future = await world.provider.forge('ada', { nbf: Math.floor(Date.now() / 1000) + 3600 });
  checks.equal('not valid before an hour: 401', (await send(port, modern(port, call('getProfile'), bearer(future)))).status, 401);
  const endless = await world.provider.forge('ada', { exp: undefined });
  checks.equal('without expiry: 401', (await send(port, modern(port, call('getProfile'), bearer(endless)))).status, 401);
  const in_url = post(port, '{}').toString().replace('/mcp', `/mcp?access_token=${good}`);
  await send(port, in_url);
}

export async function webhooks(checks, world) {
  const { port } = world;
  const to = (body, headers) => send(port, post(port, body, headers).toString().replace('POST /mcp', 'POST /webhook/stripe'));
  checks.equal('a webhook without a signature: 400', (await to('{}', {})).status, 400);
  checks.equal('a webhook with a nonsense signature: 400', (await to('{}', { 'Stripe-Signature': 'nonsense' })).status, 400);
  checks.equal('a webhook of a gigabyte: 413', (await to('{}', { 'Content-Length': 2 ** 30 })).status, 413);
  const broken = world.stripe.event_of('checkout.session.completed', {});
  const odd = await world.stripe.deliver(broken);
  checks.check('a signed event that makes no sense is answered', odd.status === 200 || odd.status === 400, odd.status);
  const strange = await world.stripe.deliver({ ...broken, id: 'evt_2', type: 'unheard.of' });
  checks.equal('a signed event of an unknown type: 200', strange.status, 200);
}
