// The official clients find their way from the challenge alone: metadata, provider, PKCE, code, token, and again for more.
import * as modern from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { UnauthorizedError as OldUnauthorized } from '@modelcontextprotocol/sdk/client/auth.js';
import { StreamableHTTPClientTransport as OldHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { follow } from '../interop/provider.mjs';
import { client_id, redirect_uri } from './provider.mjs';

// What a program gives its client: where tokens are kept, and a browser. Ours follows the redirects by itself.
class Account {
  asked = [];
  get redirectUrl() { return redirect_uri; }
  get clientMetadata() { return { client_name: 'notes', redirect_uris: [redirect_uri], token_endpoint_auth_method: 'none' }; }
  clientInformation() { return { client_id }; }
  tokens() { return this.kept; }
  saveTokens(tokens) { this.kept = tokens; }
  saveCodeVerifier(verifier) { this.verifier = verifier; }
  codeVerifier() { return this.verifier; }
  discoveryState() { return this.discovered; }
  saveDiscoveryState(state) { this.discovered = state; }
  async redirectToAuthorization(url) {
    this.asked.push(url.searchParams.get('scope'));
    this.end = await follow(url, (at) => at.href.startsWith(redirect_uri));
  }
}

const kinds = {
  'v2-auto': { Client: modern.Client, Http: modern.StreamableHTTPClientTransport, options: { versionNegotiation: { mode: 'auto' } } },
  'v2-legacy': { Client: modern.Client, Http: modern.StreamableHTTPClientTransport, options: { versionNegotiation: { mode: 'legacy' } } },
  v1: { Client: OldClient, Http: OldHttp, options: {} },
};

export async function official_clients(checks, { url }) {
  for (const [kind, { Client, Http, options }] of Object.entries(kinds)) {
    await checks.step(`${kind}: authorization`, async () => {
      const account = new Account();
      const transport = new Http(new URL(url), { authProvider: account });
      const client = new Client({ name: kind, version: '1' }, { capabilities: {}, ...options });
      await client.connect(transport);
      // Calls; where the client was sent to sign in, ends that and calls again, as a program does.
      const call = async (name, args) => {
        for (let i = 0; ; i += 1) {
          try {
            return (await client.callTool({ name, arguments: args })).content[0].text;
          } catch (error) {
            const sent_away = error instanceof OldUnauthorized || error?.name === 'UnauthorizedError' || error?.constructor?.name === 'UnauthorizedError';
            if (!sent_away || i === 2) throw error;
            const end = account.end.searchParams;
            // 2.x also checks the issuer of the answer (RFC 9207), and takes the whole of it.
            await (kind === 'v1' ? transport.finishAuth(end.get('code')) : transport.finishAuth(end));
          }
        }
      };
      checks.equal(`${kind}: open tools need no sign-in`, await call('status', {}), 'online');
      checks.equal(`${kind}: nothing was asked yet`, account.asked.length, 0);
      checks.equal(`${kind}: reads after signing in`, await call('readNote', { id: 'welcome' }), 'Hello');
      checks.equal(`${kind}: asked for what reading needs`, account.asked, ['notes:read']);
      checks.equal(`${kind}: writes after a step up`, await call('writeNote', { id: kind, text: 'x' }), 'written');
      checks.equal(`${kind}: asked for both at once`, account.asked[1]?.split(' ').sort(), ['notes:read', 'notes:write']);
      checks.equal(`${kind}: and goes on without asking`, [await call('readNote', { id: kind }), account.asked.length], ['x', 2]);
      await client.close();
    });
  }
}
