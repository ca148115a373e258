// stdio: one line a message, both eras on one pipe.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { all_capabilities, meta } from '../bad_input/raw.mjs';
import { bin } from '../support/process.mjs';

function start() {
  const child = spawn(path.join(bin, 'everything-server'), ['--stdio'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const pipe = { child, lines: [], exited: once(child, 'exit') };
  let rest = '';
  const waiting = [];
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop();
    pipe.lines.push(...parts);
    for (const look of [...waiting]) look();
  });
  pipe.write = (message) => child.stdin.write(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`);
  pipe.find = (test, patience_ms = 60_000) => new Promise((resolve) => {
    const look = () => {
      const found = pipe.lines.map((line) => JSON.parse(line)).find(test);
      if (!found) return;
      waiting.splice(waiting.indexOf(look), 1);
      clearTimeout(timer);
      resolve(found);
    };
    const timer = setTimeout(() => { waiting.splice(waiting.indexOf(look), 1); resolve(undefined); }, patience_ms);
    waiting.push(look);
    look();
  });
  return pipe;
}

const modern = (id, method, params = {}) => ({ jsonrpc: '2.0', id, method, params: { _meta: meta(all_capabilities), ...params } });

export async function pipes(checks) {
  const pipe = start();
  pipe.write({ jsonrpc: '2.0', id: 'early', method: 'tools/list' });
  checks.check('before initialize: an error', (await pipe.find((one) => one.id === 'early'))?.error);
  pipe.write({ jsonrpc: '2.0', id: 'p', method: 'ping' });
  checks.equal('ping before initialize', (await pipe.find((one) => one.id === 'p'))?.result, {});
  pipe.write(modern('d', 'server/discover'));
  checks.equal('the probe', (await pipe.find((one) => one.id === 'd'))?.result?.resultType, 'complete');
  pipe.write({ jsonrpc: '2.0', id: 'i', method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'a', version: '1' } } });
  checks.equal('initialize beside it', (await pipe.find((one) => one.id === 'i'))?.result?.protocolVersion, '2025-11-25');
  pipe.write('{"jsonrpc":"2.0","id":');
  checks.equal('half a message: -32700 without an id', await pipe.find((one) => one.error?.code === -32700 && !('id' in one)),
    { jsonrpc: '2.0', error: { code: -32700, message: 'Parse error' } });
  pipe.write(`{"jsonrpc":"2.0","id":"big","method":"ping","params":{"x":"${'y'.repeat(5_000_000)}"}}`);
  checks.check('a line of 5 MB is refused', await pipe.find((one) => one.error?.code === -32600));
  pipe.write({ jsonrpc: '2.0', id: 'after', method: 'ping' });
  checks.check('and the next one is served', await pipe.find((one) => one.id === 'after'));

  pipe.write(modern('slow', 'tools/call', { name: 'test_pause', arguments: { ms: 20000 } }));
  pipe.write(modern('listen', 'subscriptions/listen', { notifications: { toolsListChanged: true } }));
  await pipe.find((one) => one.method === 'notifications/subscriptions/acknowledged');
  pipe.write({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'slow', reason: 'test' } });
  pipe.write(modern('change', 'tools/call', { name: 'test_trigger_tool_change', arguments: {} }));
  const changed = await pipe.find((one) => one.method === 'notifications/tools/list_changed' && one.params?._meta);
  checks.equal('a change is told under its subscription', changed?.params._meta['io.modelcontextprotocol/subscriptionId'], 'listen');
  pipe.write({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'listen' } });
  pipe.write(modern('again', 'tools/call', { name: 'test_trigger_tool_change', arguments: {} }));
  await pipe.find((one) => one.id === 'again');
  pipe.write(modern('other', 'subscriptions/listen', { notifications: { promptsListChanged: true } }));
  await pipe.find((one) => one.params?.notifications?.promptsListChanged);
  pipe.child.stdin.end(JSON.stringify(modern('last', 'tools/call', { name: 'test_simple_text', arguments: {} })));
  const [code] = await pipe.exited;
  const lines = pipe.lines.map((line) => JSON.parse(line));
  checks.equal('the end of the input ends it', code, 0);
  checks.equal('a cancelled listener hears nothing more', lines.filter((one) => one.params?._meta?.['io.modelcontextprotocol/subscriptionId'] === 'listen'
    && one.method === 'notifications/tools/list_changed').length, 1);
  checks.check('a cancelled call is not answered', !lines.some((one) => one.id === 'slow'));
  checks.check('the last line was answered, though it had no end', lines.some((one) => one.id === 'last' && one.result));
  const closing = lines.findIndex((one) => one.id === 'other' && one.result);
  checks.check('a listener is told of the end, twice over', closing >= 0 && lines.slice(closing).some((one) => one.method === 'notifications/cancelled'
    && one.params.requestId === 'other'), lines.slice(-4));
  checks.check('the server asked nothing', !lines.some((one) => one.method !== undefined && one.id !== undefined));

  const deaf = start();
  for (let i = 0; i < 20; ++i) deaf.write(modern(i, 'tools/list'));
  await deaf.find((one) => one.id === 0);
  deaf.child.stdout.destroy();
  for (let i = 20; i < 40; ++i) deaf.write(modern(i, 'tools/list'));
  deaf.child.stdin.end();
  const [deaf_code, signal] = await deaf.exited;
  checks.equal('a client that stopped reading is no reason to die', [deaf_code, signal], [0, null]);
}
