// The whole path of one person through one client: profile, refusals, the form in all its answers, checkout, webhook, premium.
import { connect, denial_word, parse, revision_of } from './clients.mjs';
import { follow } from './provider.mjs';
import { sleep } from '../support/process.mjs';

const tool_names = ['checkSubscription', 'getProfile', 'getPublicInfo', 'premiumFeature', 'upgrade'];
const agree = (plan) => ({ action: 'accept', content: { plan, confirm: true } });

// What a result says, wherever it says it: structuredContent, or JSON in the text.
const said = (outcome) => ({ ...(parse(outcome.text) ?? {}), ...(outcome.data ?? {}) });

export async function run_flow(checks, world, label, kind, endpoint, person) {
  const name = (text) => `${label}: ${text}`;
  const { provider, stripe } = world;
  const token = await provider.token(person);
  // On stdio the token comes from the environment, unless a call brings its own.
  const open = (options) => connect({ kind, ...endpoint, ...options,
    env: { ...endpoint.env, ...(options.token ? { LEANMCP_TOKEN: options.token } : {}) } });
  const sessions_of = (sub) => [...stripe.sessions.values()].filter((session) => session.metadata.userId === sub);
  const sub = `user-${person}`;

  await checks.step(name('listing'), () => listing(checks, name, open, kind));
  await checks.step(name('refused tokens'), () => refused_tokens(checks, name, open, provider, world.foreign, person, Boolean(endpoint.url)));
  await checks.step(name('profile'), () => profile(checks, name, open, token, person));
  await checks.step(name('premium refused'), () => premium_refused(checks, name, open, token));
  await checks.step(name('form not answered'), () => form_refusals(checks, name, open, token, () => sessions_of(sub)));
  await checks.step(name('nobody to ask'), () => nobody_to_ask(checks, name, open, token, () => sessions_of(sub)));
  await checks.step(name('consent on the page'), () => consent_on_page(checks, name, open, provider, `${person}-direct`, sessions_of));
  await checks.step(name('pay'), () => pay(checks, name, open, world, token, person, () => sessions_of(sub)));
}

async function listing(checks, name, open, kind) {
  const client = await open({});
  checks.equal(name('speaks the revision'), client.revision(), revision_of[kind]);
  const tools = await client.tools();
  checks.equal(name('lists the five tools'), tools.map((tool) => tool.name).sort(), tool_names);
  const upgrade = tools.find((tool) => tool.name === 'upgrade');
  const fields = Object.keys(upgrade.inputSchema.properties ?? {});
  checks.check(name('the form\'s field is an optional argument'), fields.includes('plan') && !upgrade.inputSchema.required?.includes('plan'),
    upgrade.inputSchema);
  checks.check(name('consent is no argument'), !fields.includes('confirm'), fields);
  for (const tool of tools) {
    checks.check(name(`${tool.name}: schemas have an object root`), tool.inputSchema.type === 'object' &&
      (tool.outputSchema === undefined || tool.outputSchema.type === 'object'), tool);
  }
  const open_to_all = await client.call('getPublicInfo');
  checks.check(name('getPublicInfo needs no token'), open_to_all.ok, open_to_all.text);
  await client.close();
}

async function refused_tokens(checks, name, open, provider, foreign, person, http) {
  const hour = 3600;
  const now = Math.floor(Date.now() / 1000);
  const cases = [
    ['missing', undefined, 'MISSING_TOKEN'],
    ['expired', await provider.forge(person, { iat: now - 2 * hour, exp: now - hour }), 'INVALID_TOKEN'],
    ['foreign', await foreign.token(person), 'INVALID_TOKEN'],
    ['foreign key, our issuer', await foreign.forge(person, { iss: provider.issuer }), 'INVALID_TOKEN'],
    ['other audience', await provider.forge(person, { aud: 'https://other.example/mcp' }), 'INVALID_TOKEN'],
    ['unsigned', `${btoa('{"alg":"none"}').replaceAll('=', '')}.${btoa('{"sub":"x"}').replaceAll('=', '')}.`, 'INVALID_TOKEN'],
  ];
  for (const [what, bad, word] of cases) {
    if (http) {
      const client = await open({ token: bad }).catch((error) => ({ refused_at_connect: error }));
      // A client may already be refused when it connects: a bad token is bad on every request.
      if (client.refused_at_connect) {
        checks.check(name(`${what} token is refused (at connect)`), word === 'INVALID_TOKEN' && /40[13]|nauthorized/.test(String(client.refused_at_connect)),
          String(client.refused_at_connect));
      } else {
        const outcome = await client.call('getProfile');
        checks.equal(name(`${what} token is refused`), [outcome.ok, denial_word(outcome)], [false, word]);
        checks.equal(name(`${what} token: HTTP 401`), outcome.refusal?.status, 401);
        const challenge = outcome.refusal?.headers.get('www-authenticate') ?? '';
        checks.check(name(`${what} token: challenge names the metadata`), /^Bearer .*resource_metadata="http/.test(challenge), challenge);
        if (bad) checks.check(name(`${what} token: challenge says invalid_token`), challenge.includes('error="invalid_token"'), challenge);
        if (bad) checks.check(name(`${what} token is not echoed`), !outcome.refusal?.text.includes(bad.slice(0, 40)));
        await client.close();
      }
    }
    const client = await open({});
    const outcome = await client.call('getProfile', {}, bad ? { authorization: { type: 'bearer', token: bad } } : undefined);
    checks.equal(name(`${what} token in _meta is refused`), [outcome.ok, denial_word(outcome)], [false, word]);
    if (bad) checks.check(name(`${what} token in _meta is not echoed`), !JSON.stringify(outcome.result ?? '').includes(bad.slice(0, 40)));
    await client.close();
  }
  const client = await open({});
  const robot = await client.call('getProfile', {}, { authorization: { type: 'bearer', token: await provider.machine_token() } });
  checks.check(name('a machine token has no profile'), !robot.ok, robot.text);
  await client.close();
}

async function profile(checks, name, open, token, person) {
  const ways = [['the header or environment', { token }], ['_meta', {}, { authorization: { type: 'bearer', token } }]];
  for (const [how, options, meta] of ways) {
    const client = await open(options);
    const outcome = await client.call('getProfile', {}, meta);
    checks.check(name(`profile with the token in ${how}`), outcome.ok, outcome.text);
    const data = said(outcome);
    checks.equal(name(`profile by ${how}: email, plan`), [data.email, data.plan], [`${person}@example.com`, 'free']);
    checks.check(name(`profile by ${how}: name`), data.name?.toLowerCase().includes(person.split('-')[0]), data);
    checks.equal(name(`profile by ${how}: text and structure agree`), parse(outcome.text), outcome.data);
    await client.close();
  }
}

async function premium_refused(checks, name, open, token) {
  const client = await open({ token });
  const outcome = await client.call('premiumFeature', { data: 'x' });
  const data = said(outcome);
  checks.check(name('premiumFeature is refused as a tool error'), outcome.is_error && data.upgradeAvailable === true && typeof data.error === 'string',
    outcome.text || outcome);
  checks.check(name('the refusal is no structuredContent'), outcome.data === undefined, outcome.data);
  const status = said(await client.call('checkSubscription'));
  checks.equal(name('checkSubscription: free'), [status.plan, status.status, status.canUpgrade], ['free', 'none', true]);
  await client.close();
}

async function form_refusals(checks, name, open, token, sessions) {
  const cases = [
    ['declined', () => ({ action: 'decline' })],
    ['cancelled', () => ({ action: 'cancel' })],
    ['without consent', () => ({ action: 'accept', content: { plan: 'monthly', confirm: false } })],
    ['wrong value', (_, asked) => (asked === 1 ? agree('weekly') : { action: 'decline' })],
    ['wrong type', (_, asked) => (asked === 1 ? { action: 'accept', content: { plan: 'monthly', confirm: 'yes' } } : { action: 'decline' })],
    ['missing field', (_, asked) => (asked === 1 ? { action: 'accept', content: { confirm: true } } : { action: 'decline' })],
  ];
  const before = sessions().length;
  for (const [what, on_form] of cases) {
    const client = await open({ token, on_form });
    const outcome = await client.call('upgrade');
    const form = client.record.forms[0];
    checks.check(name(`upgrade ${what}: was asked`), form !== undefined, outcome.text);
    checks.check(name(`upgrade ${what}: no payment link`), said(outcome).paymentUrl === undefined, outcome.text);
    checks.check(name(`upgrade ${what}: says something`), outcome.text.length > 0, outcome);
    checks.equal(name(`upgrade ${what}: no checkout was made`), sessions().length, before);
    if (what === 'declined' && form) {
      const { plan, confirm } = form.requestedSchema.properties;
      const values = plan.enum ?? plan.oneOf?.map((option) => option.const);
      checks.equal(name('the form offers the plans'), values, ['monthly', 'yearly']);
      checks.equal(name('the form asks for consent'), [confirm.type, form.requestedSchema.required?.includes('confirm')], ['boolean', true]);
    }
    await client.close();
  }
}

async function nobody_to_ask(checks, name, open, token, sessions) {
  const before = sessions().length;
  const client = await open({ token });
  const outcome = await client.call('upgrade');
  const data = said(outcome);
  checks.check(name('a client that cannot be asked is told what is missing'),
    data.type === 'elicitation' && data.fields?.some((field) => field.name === 'plan'), outcome.text);
  checks.check(name('that answer breaks no output schema'), outcome.data === undefined, outcome.data);
  checks.equal(name('nobody to ask: no checkout was made'), sessions().length, before);
  await client.close();
}

// Who passes the plan and cannot be asked gets the link: the terms are then accepted on Stripe's page.
async function consent_on_page(checks, name, open, provider, person, sessions_of) {
  const client = await open({ token: await provider.token(person) });
  const outcome = await client.call('upgrade', { plan: 'yearly' });
  const answer = said(outcome);
  checks.check(name('the plan as an argument leads to the link'), outcome.ok && /^https?:/.test(answer.paymentUrl ?? ''), outcome.text);
  const [session] = sessions_of(`user-${person}`);
  checks.equal(name('at the yearly price'), session?.line_items.data[0]?.price, 'price_yearly');
  const forged = await client.call('upgrade', { plan: 'yearly', confirm: true });
  checks.check(name('consent cannot be passed as an argument'), forged.is_error, forged.text);
  const wrong = await client.call('upgrade', { plan: 'weekly' });
  checks.check(name('an unknown plan as an argument is refused'), wrong.is_error && wrong.text.includes('/plan'), wrong.text);
  await client.close();
}

async function pay(checks, name, open, world, token, person, sessions) {
  const { stripe } = world;
  const client = await open({ token, on_form: () => agree('monthly') });
  const outcome = await client.call('upgrade');
  const answer = said(outcome);
  checks.check(name('upgrade answered: message, paymentUrl, sessionId'), outcome.ok && typeof answer.message === 'string' &&
    /^https?:/.test(answer.paymentUrl ?? '') && typeof answer.sessionId === 'string', outcome.text || outcome);
  checks.equal(name('exactly one checkout session'), sessions().length, 1);
  const session = sessions()[0];
  if (!session) return;
  checks.equal(name('the session is the one named'), session.id, answer.sessionId);
  checks.equal(name('subscription at the monthly price'), [session.mode, session.line_items.data[0]?.price], ['subscription', 'price_monthly']);
  const request = stripe.requests.find((item) => item.path === '/v1/checkout/sessions' && item.form.metadata?.userId === `user-${person}`);
  checks.check(name('created with an idempotency key'), Boolean(request?.headers['idempotency-key']), request?.headers);
  checks.check(name('with a pinned API version'), Boolean(request?.headers['stripe-version']), request?.headers);

  world.provider.sign_in_next_as(person);
  const arrived = await follow(answer.paymentUrl, (url) => url.origin === stripe.origin && url.pathname.startsWith('/c/pay/'));
  checks.equal(name('the link leads to Stripe'), arrived.href, session.url);

  const again = said(await client.call('upgrade'));
  checks.equal(name('asked twice: the same open checkout'), [sessions().length, again.sessionId], [1, session.id]);

  const { subscription } = stripe.pay(session.id);
  const event = stripe.event_of('checkout.session.completed', session);
  const unsigned = await stripe.deliver(event, { header: 't=1,v1=00' });
  checks.equal(name('webhook with a bad signature: 400'), unsigned.status, 400);
  const other_secret = await stripe.deliver(event, { secret: 'whsec_of_somebody_else' });
  checks.equal(name('webhook signed by another: 400'), other_secret.status, 400);
  const stale = await stripe.deliver(event, { timestamp: Math.floor(Date.now() / 1000) - 3600 });
  checks.equal(name('webhook of an hour ago: 400'), stale.status, 400);
  const still = said(await client.call('checkSubscription'));
  checks.equal(name('refused webhooks change nothing'), still.plan, 'free');

  const delivered = await stripe.deliver(event);
  checks.equal(name('the signed webhook: 200'), delivered.status, 200);
  let status = {};
  for (let i = 0; i < 1200 && status.status !== 'active'; ++i) {
    if (i > 0) await sleep(50);
    status = said(await client.call('checkSubscription'));
  }
  checks.equal(name('subscription active'), [status.plan, status.status, status.canUpgrade], ['premium', 'active', false]);
  const period_end = subscription.items.data[0].current_period_end;
  const expires = typeof status.expiresAt === 'number' ? status.expiresAt : Date.parse(status.expiresAt) / 1000;
  checks.check(name('expires with the period'), Math.abs(expires - period_end) <= 1, status);

  const premium = await client.call('premiumFeature', { data: 'x' });
  checks.check(name('premiumFeature works'), premium.ok && typeof said(premium).result === 'string', premium.text);
  const profile_now = said(await client.call('getProfile'));
  checks.equal(name('the profile says premium'), profile_now.plan, 'premium');

  const duplicate = await stripe.deliver(event);
  checks.equal(name('the webhook again: 200'), duplicate.status, 200);
  const paid_again = await client.call('upgrade');
  checks.check(name('who has paid is asked for nothing'), said(paid_again).paymentUrl !== session.url && sessions().length === 1, paid_again.text);
  await client.close();
}
