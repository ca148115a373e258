// examples/github_sign_in: an MCP server and its authorization server in one process, GitHub's shapes upstream.
import path from 'node:path';
import { start_github } from '../connect/github.mjs';
import { free_port, start } from '../support/process.mjs';
import { Account, kinds, with_official, with_ours } from './clients.mjs';
import { fresh_folder, secrets } from './world.mjs';

export async function run_example(checks) {
  const github = await start_github({ port: await free_port(), client_id: 'gh-client', client_secret: 'github-secret-0123456789' });
  const port = await free_port();
  const url = `http://127.0.0.1:${port}`;
  const file = path.join(fresh_folder(), 'example.db');
  const server = await start('github-sign-in', [], { bare: true, ready: `${url}/health`, env: {
    PORT: String(port), DATABASE_URL: `sqlite:${file}`, LEANMCP_STATE_KEYS: secrets.state, GITHUB_CLIENT_ID: 'gh-client',
    GITHUB_CLIENT_SECRET: 'github-secret-0123456789', GITHUB_URL: github.origin, GITHUB_API_URL: `${github.origin}/api/v3` } });
  try {
    const metadata = await (await fetch(`${url}/.well-known/oauth-protected-resource/mcp`)).json();
    checks.equal('example: the server names itself as its authorization server', metadata.authorization_servers, [url]);
    for (const kind of Object.keys(kinds)) {
      await checks.step(`example: ${kind}`, async () => {
        const both = await with_official(kind, `${url}/mcp`, new Account(kind), async (client) => [
          (await client.callTool({ name: 'whoAmI', arguments: {} })).structuredContent,
          (await client.callTool({ name: 'listRepositories', arguments: {} })).content[0].text]);
        checks.equal(`example: ${kind} knows who signed in`, both[0], { subject: 'github:1', name: 'octocat', email: '' });
        checks.check(`example: ${kind} works at GitHub in their name`, both[1].includes('octocat/hello-world'), both[1]);
      });
    }
    const ours = await with_ours(`${url}/mcp`, 'ours', 'listRepositories', {});
    checks.check('example: ours too', ours.last?.includes('octocat/hello-world'), ours.last);
    checks.equal('example: GitHub was asked once for each sign-in', github.state.exchanged, 4);
    checks.equal('example: no token in the log', [...github.state.tokens].filter((token) => server.output().includes(token)), []);
  } finally {
    await server.stop();
    await github.stop();
  }
}
