// Our client (the command line) against servers that we did not write, over HTTP, HTTP+SSE and stdio in both eras, and beside the
// official clients against theirs and ours: the same results call by call.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { Checks } from '../support/checks.mjs';
import { bin, free_port, root, start, stop_all } from '../support/process.mjs';
import { connect } from '../interop/clients.mjs';
import { start_conformance_server } from './conformance_server.mjs';

const checks = new Checks('client_interop');
const script = path.join(root, 'tests/client_interop/servers.mjs');
const answers = { name: 'Ada' };

async function ours(args, target) {
  const [first, ...rest] = args;
  const place = target.url ? [target.url] : ['--stdio'];
  const program = target.url ? [] : ['--', target.command, ...target.args];
  const revision = target.revision ? ['--revision', target.revision] : [];
  const child = spawn(path.join(bin, 'leanmcp'), [first, ...place, ...rest, ...revision, '--timeout', '120', ...program],
    { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => { out += chunk; });
  child.stderr.on('data', (chunk) => { err += chunk; });
  const [code] = await once(child, 'close');
  let value;
  try { value = JSON.parse(out); } catch { value = undefined; }
  return { code, value, err, out };
}

// What a result says, without what each era adds around it.
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  const left_out = new Set(['_meta', 'resultType', 'ttlMs', 'cacheScope', 'nextCursor']);
  return Object.fromEntries(Object.entries(value).filter(([key, item]) => !left_out.has(key) && item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, plain(item)]));
}
const by_name = (list) => plain(list ?? []).sort((a, b) => (String(a.name ?? a.uri) < String(b.name ?? b.uri) ? -1 : 1));

// The official client's results for a target, by the names of the steps.
async function official(target, steps) {
  let present;
  const wrapped = await connect({ kind: target.official, url: target.url, command: target.command, args: target.args,
    on_form: (params) => ({ action: 'accept', content: { ...defaults_of(params.requestedSchema), ...(present.answers ?? target.answers ?? answers) } }) });
  const client = wrapped.client;
  const results = {};
  for (const step of steps) {
    present = step;
    try {
      if (step.tool) results[step.name] = plain(await client.callTool({ name: step.tool, arguments: step.arguments ?? {} }));
      if (step.prompt) results[step.name] = plain(await client.getPrompt({ name: step.prompt, arguments: step.arguments }));
      if (step.uri) results[step.name] = plain(await client.readResource({ uri: step.uri }));
      if (step.list) {
        results[step.name] = { tools: by_name((await client.listTools()).tools), prompts: by_name((await client.listPrompts()).prompts),
          resources: by_name((await client.listResources()).resources),
          resourceTemplates: by_name((await client.listResourceTemplates()).resourceTemplates) };
      }
      if (step.complete) {
        const [name, argument, value] = step.complete;
        const ref = { type: 'ref/prompt', name };
        results[step.name] = (await client.complete({ ref, argument: { name: argument, value } })).completion.values;
      }
    } catch (error) {
      results[step.name] = { error: error?.code ?? String(error) };
    }
  }
  await client.close();
  return results;
}

function defaults_of(schema) {
  return Object.fromEntries(Object.entries(schema.properties).filter(([, field]) => field.default !== undefined)
    .map(([name, field]) => [name, field.default]));
}

async function our_results(target, steps) {
  const results = {};
  const waiting = [...steps];
  const take_steps = async () => {
    for (let step = waiting.shift(); step; step = waiting.shift()) await our_result(target, step, results);
  };
  // Each starts a program on stdio: not all at once.
  await Promise.all([take_steps(), take_steps()]);
  return results;
}

async function our_result(target, step, results) {
  let got;
  if (step.list) got = await ours(['list', '--json'], target);
  if (step.tool) {
    got = await ours(['call', step.tool, '--json', JSON.stringify(step.arguments ?? {}), '--answers',
      JSON.stringify(step.answers ?? target.answers ?? answers)], target);
  }
  if (step.prompt) {
    const pairs = Object.entries(step.arguments ?? {}).flatMap(([key, value]) => ['--arg', `${key}=${value}`]);
    got = await ours(['get', step.prompt, '--json', ...pairs], target);
  }
  if (step.uri) got = await ours(['read', step.uri, '--json'], target);
  if (step.complete) got = await ours(['complete', ...step.complete, '--json'], target);
  const value = got.value;
  if (value?.error) results[step.name] = { error: value.error.code ?? value.error };
  else if (step.complete) results[step.name] = value?.values;
  else if (step.list) results[step.name] = Object.fromEntries(Object.entries(value ?? {}).map(([key, list]) => [key, by_name(list)]));
  else results[step.name] = plain(value ?? { nothing: got.err + got.out, code: got.code });
}

const their_steps = [
  { name: 'lists', list: true },
  { name: 'add', tool: 'add', arguments: { a: 2, b: 3.5 } },
  { name: 'add without b', tool: 'add', arguments: { a: 2 } },
  { name: 'fail', tool: 'fail', arguments: { why: 'so' } },
  { name: 'blocks', tool: 'blocks' },
  { name: 'progress', tool: 'progress' },
  { name: 'ask', tool: 'ask' },
  { name: 'unknown tool', tool: 'nope' },
  { name: 'prompt', prompt: 'review', arguments: { language: 'c++' } },
  { name: 'note', uri: 'test://note' },
  { name: 'page', uri: 'test://page/7' },
  { name: 'complete', complete: ['review', 'language', 'c'] },
];
const our_steps = [
  { name: 'lists', list: true },
  { name: 'text', tool: 'test_simple_text' },
  { name: 'image', tool: 'test_image_content' },
  { name: 'several', tool: 'test_multiple_content_types' },
  { name: 'progress', tool: 'test_tool_with_progress' },
  { name: 'logging', tool: 'test_tool_with_logging' },
  { name: 'error', tool: 'test_error_handling' },
  { name: 'elicitation', tool: 'test_elicitation', arguments: { message: 'Who?' } },
  { name: 'headers', tool: 'test_x_mcp_header', arguments: { region: 'Zürich' } },
  { name: 'prompt', prompt: 'test_prompt_with_arguments', arguments: { arg1: 'a', arg2: 'b' } },
  { name: 'static text', uri: 'test://static-text' },
  { name: 'static binary', uri: 'test://static-binary' },
  { name: 'template', uri: 'test://template/5/data' },
  { name: 'unknown resource', uri: 'test://nowhere' },
];

async function compare(name, target, steps) {
  const theirs = await official(target, steps);
  const mine = await our_results(target, steps);
  for (const step of steps) checks.equal(`${name}: ${step.name}`, mine[step.name], theirs[step.name]);
}

async function node_server(kind) {
  const port = await free_port();
  await start(process.execPath, [script, kind, port], { ready: `http://127.0.0.1:${port}/health` });
  return `http://127.0.0.1:${port}/mcp`;
}

// Theirs.
const v2_url = await node_server('v2-http');
await compare('2.x over HTTP, found out', { url: v2_url, official: 'v2-auto' }, their_steps);
await compare('2.x over HTTP, 2025-11-25', { url: v2_url, official: 'v2-legacy', revision: '2025-11-25' },
  their_steps.filter((step) => step.name !== 'ask'));
const v2_stdio = { command: process.execPath, args: [script, 'v2-stdio'] };
await compare('2.x over stdio, found out', { ...v2_stdio, official: 'v2-auto' }, their_steps);
await compare('2.x over stdio, 2025-11-25', { ...v2_stdio, official: 'v2-legacy', revision: '2025-11-25' }, their_steps);
const v1_url = await node_server('v1-http');
await compare('1.x over HTTP, found out', { url: v1_url, official: 'v1' }, their_steps);
for (const revision of ['2025-06-18', '2025-03-26']) {
  const found = await ours(['discover', '--json'], { url: v1_url, revision });
  checks.equal(`1.x over HTTP, ${revision}: agreed`, found.value?.revision, revision);
}
await compare('1.x over stdio, found out', { command: process.execPath, args: [script, 'v1-stdio'], official: 'v1' }, their_steps);
const sse_url = await node_server('v1-sse');
const over_sse = await our_results({ url: sse_url }, their_steps);
const over_http = await our_results({ url: v1_url }, their_steps);
for (const step of their_steps) checks.equal(`1.x over HTTP+SSE: ${step.name}`, over_sse[step.name], over_http[step.name]);
// What a server asks before its stream is open is lost.
const over_late = await our_results({ url: await node_server('v1-late') }, their_steps.filter((step) => step.name === 'ask'));
checks.equal('1.x over HTTP, its stream late: ask', over_late.ask, over_http.ask);

// The conformance suite's.
const conformance_steps = [
  { name: 'lists', list: true },
  ...['simple_text', 'image_content', 'audio_content', 'embedded_resource', 'multiple_content_types', 'tool_with_logging', 'error_handling']
    .map((tool) => ({ name: tool, tool: `test_${tool}` })),
  { name: 'schema of 2020-12', tool: 'json_schema_2020_12_tool', arguments: { name: 'Ada', address: { street: 'Way 1', city: 'Bath' } } },
  { name: 'unknown tool', tool: 'nope' },
  { name: 'simple prompt', prompt: 'test_simple_prompt' },
  { name: 'prompt with arguments', prompt: 'test_prompt_with_arguments', arguments: { arg1: 'a', arg2: 'b' } },
  { name: 'prompt with a resource', prompt: 'test_prompt_with_embedded_resource', arguments: { resourceUri: 'test://x' } },
  { name: 'prompt with an image', prompt: 'test_prompt_with_image' },
  { name: 'static text', uri: 'test://static-text' },
  { name: 'static binary', uri: 'test://static-binary' },
  { name: 'template', uri: 'test://template/5/data' },
  { name: 'unknown resource', uri: 'test://nowhere' },
  { name: 'complete', complete: ['test_prompt_with_arguments', 'arg1', 'a'] },
];
const conformance_modern = [
  { name: 'rounds', tool: 'test_input_required_result_elicitation', answers: { name: 'Ada' } },
  { name: 'state', tool: 'test_input_required_result_request_state', answers: { ok: true } },
  { name: 'several rounds', tool: 'test_input_required_result_multi_round', answers: { name: 'Ada', color: 'blue' } },
];
const conformance_legacy = [
  { name: 'elicitation', tool: 'test_elicitation', arguments: { message: 'Who?' }, answers: { response: 'Ada' } },
  { name: 'defaults', tool: 'test_elicitation_sep1034_defaults', answers: {} },
  { name: 'the stream breaks', tool: 'test_reconnection' },
];
const suite = await start_conformance_server();
if (suite) {
  // This server leaves `resultType` out of most of its results, which the 2.x client then refuses; the 1.x client has the same ones
  // from the older era, where there is no such member.
  const modern_steps = [...conformance_steps, ...conformance_modern];
  const newer = await official({ url: suite.url, official: 'v2-auto' }, modern_steps);
  const older = await official({ url: suite.url, official: 'v1' }, conformance_steps);
  const mine = await our_results({ url: suite.url }, modern_steps);
  for (const { name } of modern_steps) {
    checks.equal(`the suite's server, 2026-07-28: ${name}`, mine[name], newer[name].error === 'INVALID_RESULT' ? older[name] : newer[name]);
  }
  await compare("the suite's server, 2025-11-25", { url: suite.url, official: 'v1', revision: '2025-11-25' }, [...conformance_steps, ...conformance_legacy]);
  await suite.stop();
} else {
  console.log("  the conformance suite's own server is not compared: CONFORMANCE_SOURCE names no checkout of it");
}

// Ours, with their clients and ours.
const port = await free_port();
await start('everything-server', ['--port', port], { ready: `http://127.0.0.1:${port}/health` });
const url = `http://127.0.0.1:${port}/mcp`;
const everything = { answers: { response: 'Ada' } };
await compare('ours over HTTP, 2026-07-28', { ...everything, url, official: 'v2-auto' }, our_steps);
await compare('ours over HTTP, 2025-11-25', { ...everything, url, official: 'v1', revision: '2025-11-25' }, our_steps);
const program = { ...everything, command: path.join(bin, 'everything-server'), args: ['--stdio'] };
await compare('ours over stdio, 2026-07-28', { ...program, official: 'v2-auto' }, our_steps);
await compare('ours over stdio, 2025-11-25', { ...program, official: 'v1', revision: '2025-11-25' }, our_steps);

await stop_all();
checks.finish();
