// requestState that is not ours, not theirs, not for this call, too old or altered: one answer for all.
import { start, free_port, sleep } from '../support/process.mjs';
import { meta, modern, send } from './raw.mjs';

const tool = 'test_input_required_result_request_state';
const answer_ok = { action: 'accept', content: { ok: true } };

async function ask(port, name = tool, extra = {}) {
  return send(port, modern(port, { method: 'tools/call', params: { name, arguments: {}, ...extra, _meta: meta() } }));
}

export async function request_state(checks, port) {
  const first = (await ask(port)).json?.result;
  const state = first?.requestState;
  checks.check('a question comes with a state', first?.resultType === 'input_required' && typeof state === 'string', first);
  if (typeof state !== 'string') return;
  const [key] = Object.keys(first.inputRequests);
  const responses = { [key]: answer_ok };
  const whole = await ask(port, tool, { requestState: state, inputResponses: responses });
  checks.check('the state as given is taken', whole.json?.result?.resultType === 'complete', whole.text);

  const flip = (text, at) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
  const other_tool = (await ask(port, 'test_input_required_result_tampered_state')).json?.result?.requestState;
  const port2 = await free_port();
  const neighbour = await start('everything-server', ['--port', port2], { ready: `http://127.0.0.1:${port2}/health` });
  const foreign = (await ask(port2)).json?.result?.requestState;
  await neighbour.stop();
  const cases = {
    'first letter changed': flip(state, 0), 'middle changed': flip(state, state.length >> 1), 'last letter changed': flip(state, state.length - 1),
    'cut short': state.slice(0, -4), 'one letter': 'x', empty: '', 'made longer': `${state}AAAA`, twice: state + state,
    'of another tool': other_tool, 'of another server': foreign, 'no base64': '%%%', 'a megabyte': 'A'.repeat(1 << 20),
    'with a line break': `${state}\n`,
  };
  const texts = new Set();
  for (const [what, bad] of Object.entries(cases)) {
    const answer = await ask(port, tool, { requestState: bad, inputResponses: responses });
    checks.equal(`state ${what}: -32602`, answer.json?.error?.code, -32602);
    texts.add(JSON.stringify([answer.status, answer.json?.error?.message, answer.json?.error?.data]));
  }
  const other_arguments = await ask(port, tool, { arguments: { more: 1 }, requestState: state, inputResponses: responses });
  checks.check('state of other arguments is refused', other_arguments.json?.error?.code === -32602 || other_arguments.json?.result?.isError === true,
    other_arguments.text);
  for (const wrong of [5, {}, null, []]) {
    const answer = await ask(port, tool, { requestState: wrong, inputResponses: responses });
    checks.check(`state ${JSON.stringify(wrong)} is refused`, answer.json?.error?.code === -32602, answer.text);
  }
  checks.equal('all say the same', [...texts], [[...texts][0]]);

  const elicit = 'test_input_required_result_elicitation';
  for (const [what, value] of [['a number', 5], ['a list', []], ['null', null]]) {
    const answer = await ask(port, elicit, { inputResponses: value });
    checks.equal(`inputResponses is ${what}: -32602`, answer.json?.error?.code, -32602);
  }
  for (const [what, value] of [['a number', 5], ['of no action', {}], ['of an unknown action', { action: 'maybe' }], ['that does not fit', { action: 'accept', content: { name: 5 } }],
    ['without content', { action: 'accept' }]]) {
    const answer = await ask(port, elicit, { inputResponses: { user_name: value } });
    checks.check(`an answer ${what} is not taken`, answer.json?.error?.code === -32602 || answer.json?.result?.resultType === 'input_required' ||
      answer.json?.result?.isError === true, answer.text);
  }
}

// A server whose states live for 300 ms.
export async function expired_state(checks) {
  const port = await free_port();
  const server = await start('everything-server', ['--port', port, '--state-lifetime-ms', '300'], { ready: `http://127.0.0.1:${port}/health` });
  const first = (await ask(port)).json?.result;
  const [key] = Object.keys(first.inputRequests);
  await sleep(900);
  const late = await ask(port, tool, { requestState: first.requestState, inputResponses: { [key]: answer_ok } });
  const altered = await ask(port, tool, { requestState: `${first.requestState}x`, inputResponses: { [key]: answer_ok } });
  checks.equal('an expired state: -32602', late.json?.error?.code, -32602);
  checks.equal('an expired state says what an altered one says', late.json?.error, altered.json?.error);
  await server.stop();
}
