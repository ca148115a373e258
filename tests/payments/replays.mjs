// requestState in the hands of a thief: of another person, for another tool or other arguments, and after the money is gone.
import { sleep } from '../support/process.mjs';
import { subject } from '../support/shop.mjs';

const prefix = 'io.modelcontextprotocol/';
const meta = {
  [`${prefix}protocolVersion`]: '2026-07-28', [`${prefix}clientInfo`]: { name: 'thief', version: '1' },
  [`${prefix}clientCapabilities`]: { elicitation: { form: {}, url: {} } },
};

async function call(shop, token, name, input, extra = {}) {
  const answer = await fetch(`${shop.base}/mcp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', authorization: `Bearer ${token}`,
      'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: input, ...extra, _meta: meta } }),
  });
  const text = await answer.text();
  const last = text.startsWith('{') ? text : text.split('\n').filter((line) => line.startsWith('data: {')).at(-1)?.slice(6);
  return JSON.parse(last ?? '{}');
}

export async function replays(checks, shop) {
  const [mine, theirs] = [await shop.token('rose'), await shop.token('thorn')];
  const input = { data: 'x' };
  const first = (await call(shop, mine, 'premiumFeature', input)).result;
  const [key] = Object.keys(first.inputRequests ?? {});
  const url = first.inputRequests?.[key]?.params?.url ?? '';
  checks.check('a payment is asked for', first.resultType === 'input_required' && url.startsWith(`${shop.base}/billing/go/`), first);
  const accept = { requestState: first.requestState, inputResponses: { [key]: { action: 'accept' } } };
  const refused = async (what, token, name, args) => {
    const answer = await call(shop, token, name, args, accept);
    checks.equal(`a state ${what}`, answer.error?.code, -32602);
  };
  await refused("in somebody else's hands", theirs, 'premiumFeature', input);
  await refused('for other arguments', mine, 'premiumFeature', { data: 'y' });
  await refused('for another tool', mine, 'checkSubscription', {});
  const declined = await call(shop, mine, 'premiumFeature', input, { ...accept, inputResponses: { [key]: { action: 'decline' } } });
  checks.equal('an answer without the money', [declined.result?.isError, JSON.parse(declined.result.content[0].text).status], [true, 'payment_required']);

  const session = (await shop.all('checkout/sessions')).find((one) => one.metadata.userId === subject('rose'));
  await shop.control(`pay/${session.id}`);
  const served = await call(shop, mine, 'premiumFeature', input, accept);
  checks.check('paid, the same call completes', served.result?.isError !== true && served.result?.structuredContent, served);
  const again = await Promise.all(Array.from({ length: 5 }, () => call(shop, mine, 'premiumFeature', input, accept)));
  checks.equal('the same state again, while it is paid', again.map(({ result }) => Boolean(result?.structuredContent)), Array(5).fill(true));
  const { subscription } = (await shop.all('checkout/sessions')).find((one) => one.id === session.id);
  await shop.control(`cancel/${subscription}`);
  let last;
  for (let i = 0; i < 600; i += 1) {
    last = (await call(shop, mine, 'premiumFeature', input, { ...accept, inputResponses: { [key]: { action: 'decline' } } })).result;
    if (last?.isError) break;
    await sleep(100);
  }
  checks.check('and not when it has ended', last?.isError === true && last.structuredContent === undefined, last);
  checks.equal('nobody else got anything', (await shop.all('subscriptions', '&status=all')).filter(({ metadata }) => metadata.userId === subject('thorn')).length, 0);
}
