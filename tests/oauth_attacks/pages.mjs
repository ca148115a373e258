// 13 to 18: consent, the one page where a person can be tricked.
import { callback } from './world.mjs';
import { Visitor } from './visitor.mjs';

export async function consent_pages(attack, world) {
  const thirteen = attack(13, 'MCP Authorization, confused deputy');
  const known = new Visitor();
  await world.sign_in(world.request(), known);
  const newcomer = (await world.register({ redirect_uris: [callback], token_endpoint_auth_method: 'none', client_name: 'Newcomer' })).json;
  const page = await world.consent(known, world.request({ client_id: newcomer.client_id }));
  thirteen('a new client of somebody who is signed in: the consent page, no redirect', page.status === 200 && !page.next && page.text.includes('Newcomer'), page.status);
  const before = world.provider.seen.authorize.length;
  await known.get(world.request({ client_id: newcomer.client_id, prompt: 'none' }).url);
  thirteen('the provider is not asked before the person is', world.provider.seen.authorize.length === before);
  const quietly = await known.get(world.request({ prompt: 'none' }).url);
  thirteen('prompt=none gets no code', !quietly.params.has('code'), quietly.next);

  const fourteen = attack(14, 'RFC 6749 10.12');
  const asked = world.request();
  const victim = new Visitor();
  const shown = await world.consent(victim, asked);
  const url = `${world.issuer}/consent`;
  const yes = { ...shown.fields, allow: world.upstream };
  const { token, ...without } = yes;
  const tries = {
    'without a token': [victim, without, {}],
    'with another token': [victim, { ...yes, token: `${token.slice(0, -2)}xx` }, {}],
    'from another site': [victim, yes, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    'from another site that says it is ours': [victim, yes, { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }],
    'from a sibling': [victim, yes, { origin: undefined, 'sec-fetch-site': 'same-site' }],
    'without any origin': [victim, yes, { origin: undefined, 'sec-fetch-site': undefined }],
    'from a sandboxed frame': [victim, yes, { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    'in a browser that was not shown it': [new Visitor(), yes, {}],
  };
  for (const [what, [who, form, headers]] of Object.entries(tries)) {
    const answer = await who.post(url, form, headers);
    fourteen(`consent ${what}: 403`, answer.status === 403 && !answer.next, `${answer.status} ${answer.next}`);
  }
  const attacker = new Visitor();
  const own = await world.consent(attacker, world.request());
  const mixed = await victim.post(url, { ...yes, token: own.fields.token });
  fourteen('the attacker\'s own token in the victim\'s browser: 403', mixed.status === 403, mixed.status);
  const answered = await new Visitor().get(`${url}?${new URLSearchParams(yes)}`);
  fourteen('by GET: 405', answered.status === 405, answered.status);

  const fifteen = attack(15, 'MCP Authorization, consent before the provider');
  const all_cookies = [...shown.set_cookies, ...page.set_cookies].join('\n');
  fifteen('the consent page sets no cookie for the way back', !/leanmcp-go/.test(all_cookies), all_cookies);
  const agreed = await world.agree(victim, shown);
  fifteen('only the yes does', agreed.set_cookies.some((line) => /leanmcp-go-[^;]*; .*HttpOnly/i.test(line) && /SameSite=Lax/i.test(line)), agreed.set_cookies);
  fifteen('the yes is not a redirect of the form', agreed.status === 200 && agreed.next.startsWith(world.provider.issuer), agreed.status);
  const again = await victim.post(url, yes);
  fourteen('the same yes again: refused', again.status === 400 || again.status === 403, again.status);
  const impatient = new Visitor();
  const early = await world.consent(impatient, world.request());
  const callback_early = await impatient.get(`${world.issuer}/callback/${world.upstream}?code=x&state=${early.fields.request}`);
  fifteen('the callback before approval: refused', [400, 403].includes(callback_early.status) && !callback_early.next, callback_early.status);

  const sixteen = attack(16, 'RFC 6819 5.2.2.6');
  for (const [what, answer] of Object.entries({ consent: shown, 'the step on': agreed, refusal: callback_early })) {
    const policy = answer.headers.get('content-security-policy') ?? '';
    sixteen(`${what}: no frame may hold it`, policy.includes("frame-ancestors 'none'") && answer.headers.get('x-frame-options') === 'DENY', policy);
    sixteen(`${what}: nothing from elsewhere`, policy.includes("default-src 'none'") && policy.includes("base-uri 'none'") && !/unsafe|\*/.test(policy), policy);
    sixteen(`${what}: kept and passed on by nobody`, answer.headers.get('cache-control')?.includes('no-store') && answer.headers.get('referrer-policy') === 'no-referrer' &&
      answer.headers.get('x-content-type-options') === 'nosniff');
    sixteen(`${what}: open to no other site's scripts`, !answer.headers.get('access-control-allow-origin'));
  }

  const seventeen = attack(17, 'RFC 7591 5');
  const name = '<img src=x onerror=alert(1)>\u202Egpj.exe\u200B"\'';
  const liar = (await world.register({ redirect_uris: [callback], token_endpoint_auth_method: 'none', client_name: name, client_uri: 'https://evil.example/"onmouseover="x' })).json;
  const named = liar.client_id ? liar : (await world.register({ redirect_uris: [callback], token_endpoint_auth_method: 'none', client_name: name })).json;
  const lied = await world.consent(new Visitor(), world.request({ client_id: named.client_id }));
  seventeen('a name with markup is text', lied.status === 200 && !lied.text.includes('<img') && lied.text.includes('&lt;img'), lied.text.slice(0, 600));
  seventeen('without what turns the writing round', !/[\u202A-\u202E\u2066-\u2069\u200B]/.test(lied.text));
  seventeen('and said to be unverified', /unverified/i.test(lied.text));

  const eighteen = attack(18, 'RFC 6749 10.12');
  const swapper = new Visitor();
  const first = world.request();
  const honest_page = await world.consent(swapper, first);
  const swapped = await world.agree(swapper, honest_page, world.upstream, { client_id: 'second', redirect_uri: 'https://evil.example/', scope: 'write', resource: world.other_resource, state: 'x' });
  const home = await swapper.get((await swapper.get(swapped.next)).next);
  eighteen('what else stands in the form is ignored: back to the client that asked', home.next?.startsWith(`${callback}?`) && home.params.get('state') === first.state, home.next);
  const theirs = await world.redeem({ ...first, client_id: 'second' }, home.params.get('code'));
  eighteen('the other client gets nothing for it', theirs.json?.error === 'invalid_grant', theirs.text);
  const tokens = await world.redeem(first, home.params.get('code'));
  eighteen('the first one gets what it asked for', tokens.status === 200 && tokens.json.scope === 'read', tokens.text);
}
