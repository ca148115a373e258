// A stream of events over a socket, message by message, as it comes.
import http from 'node:http';
import { all_capabilities, meta } from '../bad_input/raw.mjs';

// open(port, {method, headers, body}) → {status, headers, events, ended, next(test), close()}; events are {id, data, message}.
export function open(port, { method = 'POST', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const request = http.request({ port, host: '127.0.0.1', path: '/mcp', method, agent: false, headers: {
      Accept: 'application/json, text/event-stream', ...(text === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers } });
    request.on('error', reject);
    request.on('response', (answer) => {
      const waiting = [];
      const stream = { status: answer.statusCode, headers: answer.headers, events: [], text: '', ended: false, json: undefined };
      let rest = '';
      const tell = () => { for (const look of [...waiting]) look(); };
      answer.setEncoding('utf8');
      answer.on('data', (chunk) => {
        stream.text += chunk;
        rest += chunk;
        for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
          const lines = rest.slice(0, end).split('\n');
          rest = rest.slice(end + 2);
          const value = (name) => lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trim()).join('\n');
          const data = value('data');
          if (lines.some((line) => !line.startsWith(':'))) {
            stream.events.push({ id: value('id') || undefined, retry: value('retry') || undefined, data, message: data ? JSON.parse(data) : undefined });
          }
        }
        tell();
      });
      const over = () => {
        stream.ended = true;
        try { stream.json = JSON.parse(stream.text); } catch { stream.json = stream.events.at(-1)?.message; }
        tell();
      };
      answer.on('end', over);
      answer.on('error', over);
      // The first event, seen or to come, whose message passes; undefined when the stream ends or stays silent.
      stream.next = (test, patience_ms = 60_000) => new Promise((found) => {
        const look = () => {
          const event = stream.events.find((one) => test(one));
          if (!event && !stream.ended) return;
          waiting.splice(waiting.indexOf(look), 1);
          clearTimeout(timer);
          found(event);
        };
        const timer = setTimeout(() => { waiting.splice(waiting.indexOf(look), 1); found(undefined); }, patience_ms);
        waiting.push(look);
        look();
      });
      stream.end = (patience_ms = 60_000) => new Promise((found) => {
        const look = () => { if (stream.ended) { clearTimeout(timer); found(true); } };
        const timer = setTimeout(() => found(stream.ended), patience_ms);
        waiting.push(look);
        look();
      });
      stream.close = () => request.destroy();
      resolve(stream);
    });
    request.end(text);
  });
}

const name_of = (message) => message.params?.name ?? message.params?.uri;

export function modern(port, message, { headers = {}, more_meta = {}, capabilities = all_capabilities } = {}) {
  const body = { jsonrpc: '2.0', id: 1, ...message, params: { _meta: { ...meta(capabilities), ...more_meta }, ...message.params } };
  return open(port, { body, headers: { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': body.method,
    ...(name_of(body) ? { 'Mcp-Name': name_of(body) } : {}), ...headers } });
}

// As `modern`, up to the end: {status, headers, json, notifications}.
export async function ask(port, message, options) {
  const stream = await modern(port, message, options);
  await stream.end();
  const messages = stream.events.map((event) => event.message).filter(Boolean);
  return { status: stream.status, headers: stream.headers, json: stream.json, text: stream.text,
    notifications: messages.filter((one) => one.method !== undefined) };
}
