// The official clients with forms and URLs: @modelcontextprotocol/client 2.x ("auto", "legacy") and sdk 1.x.
import * as modern from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as OldHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitationCompleteNotificationSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';

export const kinds = ['v2-auto', 'v2-legacy', 'v1'];

// options: {kind, url | command+args, token, on_form, on_url}: what is not given the client says it cannot do.
export async function connect({ kind, url, command, args, token, on_form, on_url }) {
  const seen = { forms: [], urls: [], complete: [] };
  const elicitation = { ...(on_form ? { form: {} } : {}), ...(on_url ? { url: {} } : {}) };
  const capabilities = on_form || on_url ? { elicitation } : {};
  const info = { name: `elicitation-${kind}`, version: '1.0.0' };
  const old = kind === 'v1';
  const client = old ? new OldClient(info, { capabilities })
    : new modern.Client(info, { capabilities, versionNegotiation: { mode: kind === 'v2-auto' ? 'auto' : 'legacy' } });
  const answer = async ({ params }) => {
    if (params.mode === 'url') {
      seen.urls.push(params);
      return on_url(params, seen.urls.length);
    }
    seen.forms.push(params);
    return on_form(params, seen.forms.length);
  };
  const completed = ({ params }) => { seen.complete.push(params.elicitationId); };
  if (on_form || on_url) {
    if (old) client.setRequestHandler(ElicitRequestSchema, answer);
    else client.setRequestHandler('elicitation/create', answer);
    if (old) client.setNotificationHandler(ElicitationCompleteNotificationSchema, completed);
    else client.setNotificationHandler('notifications/elicitation/complete', completed);
  }
  let transport;
  if (url) {
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    transport = new (old ? OldHttp : modern.StreamableHTTPClientTransport)(new URL(url), { requestInit: { headers } });
  } else {
    transport = new (old ? OldStdio : ModernStdio)({ command, args, stderr: 'ignore' });
  }
  await client.connect(transport);
  const patience = { timeout: 240_000, resetTimeoutOnProgress: true, onprogress: () => {} };
  return {
    kind, seen, client,
    // Never throws: {text, is_error, data, detail, error}.
    call: async (name, input = {}) => {
      try {
        const params = { name, arguments: input };
        const result = await (old ? client.callTool(params, undefined, patience) : client.callTool(params, patience));
        const text = (result.content ?? []).filter((part) => part.type === 'text').map((part) => part.text).join('\n');
        return { text, is_error: Boolean(result.isError), data: result.structuredContent, detail: result._meta?.['com.leanmcp/error'] };
      } catch (error) {
        return { text: String(error?.message ?? error), is_error: true, error };
      }
    },
    tools: async () => (await client.listTools()).tools,
    close: () => client.close().catch(() => {}),
  };
}
