// One face for the official clients: @modelcontextprotocol/client 2.x ("auto", "legacy") and @modelcontextprotocol/sdk 1.x.
import * as modern from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as OldHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';

export const kinds = ['v2-auto', 'v2-legacy', 'v1'];
export const revision_of = { 'v2-auto': '2026-07-28', 'v2-legacy': '2025-11-25', v1: '2025-11-25' };

// Remembers the last answer that was no success, which the clients turn into exceptions of their own kinds.
function watching_fetch(record) {
  return async (input, init) => {
    const answer = await fetch(input, init);
    record.revisions.add(new Headers(init?.headers).get('mcp-protocol-version') ?? '');
    if (answer.status >= 400) {
      record.refusal = { status: answer.status, headers: answer.headers, text: await answer.clone().text() };
    }
    return answer;
  };
}

// options: {kind, url | command+args+env, token, on_form(params) → {action, content}} or no on_form: cannot be asked.
export async function connect(options) {
  const { kind } = options;
  const record = { refusal: undefined, revisions: new Set(), forms: [], stderr: '' };
  const info = { name: `interop-${kind}`, version: '1.0.0' };
  const capabilities = options.on_form ? { elicitation: { form: {} } } : {};
  const settings = kind === 'v1' ? { capabilities }
    : { capabilities, versionNegotiation: { mode: kind === 'v2-auto' ? 'auto' : 'legacy' } };
  const client = kind === 'v1' ? new OldClient(info, settings) : new modern.Client(info, settings);
  if (options.on_form) {
    const answer = async (request) => {
      record.forms.push(request.params);
      return options.on_form(request.params, record.forms.length);
    };
    if (kind === 'v1') client.setRequestHandler(ElicitRequestSchema, answer);
    else client.setRequestHandler('elicitation/create', answer);
  }

  let transport;
  if (options.url) {
    const headers = options.token ? { authorization: `Bearer ${options.token}` } : {};
    const Http = kind === 'v1' ? OldHttp : modern.StreamableHTTPClientTransport;
    transport = new Http(new URL(options.url), { fetch: watching_fetch(record), requestInit: { headers } });
  } else {
    const Stdio = kind === 'v1' ? OldStdio : ModernStdio;
    transport = new Stdio({ command: options.command, args: options.args, env: options.env, stderr: 'pipe' });
    transport.stderr?.on('data', (chunk) => { record.stderr += chunk; });
    // What the 1.x client tells a transport that wants to know, and nobody else.
    if (kind === 'v1') transport.setProtocolVersion = (version) => { transport.protocolVersion = version; };
  }
  await client.connect(transport);

  return {
    kind,
    record,
    client,
    revision: () => (kind === 'v1' ? transport.protocolVersion : client.getNegotiatedProtocolVersion()),
    tools: async () => (await client.listTools()).tools,
    // {ok, data, text, is_error, error}: whatever happened, without throwing.
    call: async (name, args = {}, meta) => {
      record.refusal = undefined;
      try {
        const params = { name, arguments: args, ...(meta ? { _meta: meta } : {}) };
        const result = await client.callTool(params);
        return { ok: !result.isError, is_error: Boolean(result.isError), text: text_of(result), data: result.structuredContent, result };
      } catch (error) {
        return { ok: false, is_error: false, text: String(error?.message ?? error), error, refusal: record.refusal };
      }
    },
    close: () => client.close().catch(() => {}),
  };
}

const text_of = (result) => (result.content ?? []).filter((part) => part.type === 'text').map((part) => part.text).join('\n');

// The word of a denial ("MISSING_TOKEN"), wherever this transport carries it: the JSON-RPC error's data, or the tool result.
export function denial_word(outcome) {
  const looked = [
    outcome.refusal && parse(outcome.refusal.text)?.error?.data?.code,
    outcome.error?.data?.code,
    outcome.result?._meta?.['com.leanmcp/error']?.code,
    outcome.is_error && parse(outcome.text)?.code,
  ];
  return looked.find((word) => typeof word === 'string');
}

export function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
