// The official MCP clients and ours sign in from a bare URL: by dynamic registration, and by a client metadata document.
import * as modern from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { UnauthorizedError as OldUnauthorized } from '@modelcontextprotocol/sdk/client/auth.js';
import { StreamableHTTPClientTransport as OldHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { bin } from '../support/process.mjs';
import { start_chain_world } from './chain.mjs';
import { Visitor } from './visitor.mjs';
import { start_document } from './world.mjs';

const redirect_uri = 'http://127.0.0.1:8765/callback';
const is_ours = (url) => url.href.startsWith(redirect_uri);

// The person: consent, then the provider. The address the browser ends at.
export async function agree_and_sign_in(url, name, until = is_ours) {
  const visitor = new Visitor(name);
  const page = await visitor.request(url);
  if (page.status !== 200) throw new Error(`no consent page: ${page.status} ${page.location ?? page.html}`);
  const choice = /name="allow" value="([^"]+)"/.exec(page.html)[1];
  const end = await visitor.follow(await visitor.answer(page, { allow: choice }), until);
  if (!end.end) throw new Error(`not sent back: ${end.status} ${end.url} ${end.html}`);
  return end.end;
}

// What a program gives its client: where things are kept, and a person with a browser (`visit`: from the address there
// to the one where it ends).
export class Account {
  constructor(name, { document, visit = agree_and_sign_in } = {}) {
    Object.assign(this, { name, visit });
    if (document) this.clientMetadataUrl = document.client_id;
  }
  get redirectUrl() { return redirect_uri; }
  get clientMetadata() { return { client_name: `Official ${this.name}`, redirect_uris: [redirect_uri], grant_types: ['authorization_code', 'refresh_token'], token_endpoint_auth_method: 'none' }; }
  clientInformation() { return this.information; }
  saveClientInformation(information) { this.information = information; }
  tokens() { return this.kept; }
  saveTokens(tokens) { this.kept = tokens; }
  saveCodeVerifier(verifier) { this.verifier = verifier; }
  codeVerifier() { return this.verifier; }
  discoveryState() { return this.discovered; }
  saveDiscoveryState(state) { this.discovered = state; }
  async redirectToAuthorization(url) { this.end = await this.visit(url, this.name); }
}

export const kinds = {
  'v2-auto': { Client: modern.Client, Http: modern.StreamableHTTPClientTransport, options: { versionNegotiation: { mode: 'auto' } } },
  'v2-legacy': { Client: modern.Client, Http: modern.StreamableHTTPClientTransport, options: { versionNegotiation: { mode: 'legacy' } } },
  v1: { Client: OldClient, Http: OldHttp, options: {} },
};

// Connects, and does what `use(client)` says, signing in where the client asks for it.
export async function with_official(kind, url, account, use) {
  const { Client, Http, options } = kinds[kind];
  for (let i = 0; ; i += 1) {
    const transport = new Http(new URL(url), { authProvider: account });
    const client = new Client({ name: kind, version: '1' }, { capabilities: {}, ...options });
    try {
      await client.connect(transport);
      const out = await use(client);
      await client.close();
      return out;
    } catch (error) {
      const sent_away = error instanceof OldUnauthorized || error?.name === 'UnauthorizedError' || error?.constructor?.name === 'UnauthorizedError';
      if (!sent_away || i === 2) throw error;
      const end = account.end.searchParams;
      await (kind === 'v1' ? transport.finishAuth(end.get('code')) : transport.finishAuth(end));
      await client.close().catch(() => {});
    }
  }
}

// Our own client; `tool` with `args`, the person `name`.
export async function with_ours(url, name, tool, args, document) {
  const child = spawn(path.join(bin, 'oauth-browser-client'), [url, redirect_uri, tool, JSON.stringify(args), ...(document ? [document.client_id] : [])],
    { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const out = { opened: 0 };
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('OPEN ')) {
      out.opened += 1;
      out.asked = new URL(line.slice(5));
      child.stdin.write(`${(await agree_and_sign_in(line.slice(5), name)).search.slice(1)}\n`);
    } else {
      out.last = line;
    }
  }
  child.stdin.destroy();
  await ended;
  return out;
}

const read_note = (client) => client.callTool({ name: 'readNote', arguments: { id: 'welcome' } }).then((result) => result.content[0].text);

export async function run_clients(checks) {
  const document = await start_document({ client_name: 'Published client', redirect_uris: ['http://127.0.0.1/callback'], token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] });
  const world = await start_chain_world({ LOOPBACK_CLIENT_DOCUMENTS: '1', CA_FILE: document.ca_file });
  try {
    await world.start_mcp();
    for (const kind of Object.keys(kinds)) {
      await checks.step(`${kind}: registers`, async () => {
        const account = new Account(`${kind}-reg`);
        checks.equal(`${kind}: signs in by registration`, await with_official(kind, world.resource, account, read_note), 'Hello');
        checks.check(`${kind}: has an id of its own`, /^[\w-]{16,}$/.test(account.information.client_id), account.information.client_id);
        checks.check(`${kind}: and tokens`, account.kept.access_token && account.kept.refresh_token, account.kept);
      });
      await checks.step(`${kind}: publishes`, async () => {
        const account = new Account(`${kind}-doc`, { document });
        checks.equal(`${kind}: signs in by its document`, await with_official(kind, world.resource, account, read_note), 'Hello');
        checks.equal(`${kind}: is the document`, account.information.client_id, document.client_id);
      });
    }
    checks.equal('the document was read once', document.seen.reads, 1);
    const ours = await with_ours(world.resource, 'our-reg', 'readNote', { id: 'welcome' });
    checks.equal('ours: signs in by registration', [ours.last, ours.opened], ['RESULT Hello', 1]);
    const published = await with_ours(world.resource, 'our-doc', 'readNote', { id: 'welcome' }, document);
    checks.equal('ours: signs in by its document', [published.last, published.asked?.searchParams.get('client_id')], ['RESULT Hello', document.client_id]);
  } finally {
    await world.stop();
    await document.stop();
  }
}
