// Several providers at once, in both orders: each token reaches its own provider and no other, and people of two are two people.
import { free_port, start } from '../support/process.mjs';
import { providers, tenant } from './table.mjs';
import { legacy, modern } from './wire.mjs';

export async function check_several(checks, world, token_of) {
  const names = ['introspection', 'entra', 'github', 'oidc'];
  const right = { introspection: 'opaque-right', entra: await token_of('entra'), github: 'gho_right', oidc: await token_of('oidc') };
  for (const order of [names, names.toReversed()]) {
    const port = await free_port();
    const base = `http://127.0.0.1:${port}`;
    const server = await start('provider-server', [], { bare: true, ready: `${base}/health`, env: { PORT: String(port), AUTH_PROVIDER: order.join(','),
      ...Object.assign({}, ...order.map((name) => providers[name].env(world))), AZURE_TENANT_ID: 'organizations', AZURE_ALLOWED_TENANTS: tenant } });
    const title = (text) => `${order.join(',')}: ${text}`;
    const url = `${base}/mcp`;
    world.introspected.length = 0;
    for (const wire of [modern(url), legacy(url), modern(url, { by_meta: true })]) {
      for (const name of order) {
        const answer = await wire.call('getUserId', right[name]);
        const id = name === 'entra' ? `${tenant}:${providers.entra.id}` : providers[name].id;
        checks.equal(title(`${name}'s token, ${wire.name}`), [answer.status, answer.text], [200, id]);
        const profile = await wire.call('getProfile', right[name]);
        checks.equal(title(`${name}'s user, ${wire.name}`), profile.text && JSON.parse(profile.text), providers[name].profile);
      }
      for (const bad of ['ghp_personal', 'gho_other']) {
        const answer = await wire.call('getUserId', bad);
        checks.equal(title(`${bad}, ${wire.name}`), answer.code ?? answer.told, 'INVALID_TOKEN');
      }
    }
    checks.equal(title('introspected is what has no form of its own'), [...new Set(world.introspected)], ['opaque-right']);

    const bare = await modern(url).call('getUserId');
    checks.equal(title('the challenge names the metadata'), [bare.status, bare.challenge?.includes(`resource_metadata="${base}/.well-known/oauth-protected-resource/mcp"`)], [401, true]);
    const metadata = await (await fetch(`${base}/.well-known/oauth-protected-resource/mcp`)).json();
    const issuers = { introspection: ['https://as.example'], entra: [`${world.base}/entra/organizations/v2.0`], github: ['https://github.com/login/oauth'], oidc: [`${world.base}/oidc`] };
    checks.equal(title('the metadata names all issuers'), metadata.authorization_servers, order.flatMap((name) => issuers[name]));

    const opened = legacy(url);
    const session = await opened.open(right.oidc);
    checks.equal(title('a session is its person\'s'), (await opened.call_in(session, 'getUserId', right.oidc)).text, providers.oidc.id);
    checks.equal(title('and unknown to a person of another provider'), (await opened.call_in(session, 'getUserId', right.github)).status, 404);
    await server.stop();
  }
}
