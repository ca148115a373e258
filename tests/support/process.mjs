// Starts the programs under test, waits until they answer, keeps their output, and stops them by their own process id.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const bin = process.env.LEANMCP_BIN ?? path.join(root, 'build/bin');
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const running = new Set();

export async function free_port() {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

// start('everything-server', ['--port', 1], {env, ready: 'http://…/health'}) → {pid, output(), stop(), exited}
export async function start(program, args = [], options = {}) {
  const command = program.includes('/') ? program : path.join(bin, program);
  const child = spawn(command, args.map(String), {
    env: { ...(options.bare ? { PATH: process.env.PATH, HOME: process.env.HOME } : process.env), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: options.cwd ?? root,
  });
  let output = '';
  const keep = (chunk) => { output = (output + chunk).slice(-4_000_000); };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const handle = { pid: child.pid, child, output: () => output, code: undefined };
  handle.exited = new Promise((resolve) => {
    child.on('error', (error) => { handle.code = -1; output += String(error); resolve(-1); });
    child.on('exit', (code, signal) => { handle.code = code ?? signal; running.delete(handle); resolve(handle.code); });
  });
  handle.stop = async (signal = 'SIGTERM', patience_ms = 20000) => {
    if (handle.code === undefined) {
      child.kill(signal);
      const too_late = new Promise((resolve) => { setTimeout(resolve, patience_ms, false).unref(); });
      const done = await Promise.race([handle.exited.then(() => true), too_late]);
      if (!done) {
        child.kill('SIGKILL');
        await handle.exited;
        handle.killed = true;
      }
    }
    return handle.code;
  };
  running.add(handle);
  if (options.ready) await wait_until_ready(handle, command, options);
  return handle;
}

async function wait_until_ready(handle, command, { ready: url, patience_ms = 60_000, poll_ms = 20 }) {
  const end = Date.now() + patience_ms;
  for (;;) {
    if (handle.code !== undefined) throw new Error(`${command} ended at once (${handle.code}):\n${handle.output()}`);
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(1000) });
      await answer.arrayBuffer();
      if (answer.status < 500) return;
    } catch {
      // Not listening yet.
    }
    if (Date.now() > end) {
      await handle.stop('SIGKILL');
      throw new Error(`${command} did not answer ${url} in ${patience_ms} ms:\n${handle.output()}`);
    }
    await sleep(poll_ms);
  }
}

export async function stop_all() {
  await Promise.all([...running].map((handle) => handle.stop()));
}

process.on('exit', () => {
  for (const handle of running) handle.child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));
