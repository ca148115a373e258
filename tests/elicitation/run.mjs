// The survey example against the official clients, on both eras, over HTTP and stdio, and once more with replay forced.
import path from 'node:path';
import { Checks } from '../support/checks.mjs';
import { bin, free_port, sleep, start } from '../support/process.mjs';
import { connect, kinds } from './clients.mjs';

const checks = new Checks('elicitation');

const answers = {
  developer: { role: 'developer', since: '2020-02-29', language: 'rust', platforms: ['linux', 'mac'], rating: 5, consent: true },
  manager: { role: 'manager', rating: 3, complaint: 'It is far too slow', email: 'ada@example.com', consent: true },
};
// Fills what is asked for; 2025-06-18 style clients would need no other.
const fill = (from) => ({ requestedSchema }) => ({
  action: 'accept',
  content: Object.fromEntries(Object.keys(requestedSchema.properties).filter((name) => name in from).map((name) => [name, from[name]])),
});

async function forms(what, at) {
  const check = (name, ...rest) => checks.equal(`${what}: ${name}`, ...rest);
  const with_client = async (on_form, run) => {
    const client = await connect({ ...at, on_form });
    try {
      await run(client);
    } finally {
      await client.close();
    }
  };

  await with_client(fill(answers.developer), async (client) => {
    const { inputSchema } = (await client.tools()).find((tool) => tool.name === 'survey');
    check('what only the user may answer is no argument', 'consent' in inputSchema.properties, false);
    check('nothing has to be passed', inputSchema.required ?? [], []);
    const all = await client.call('survey');
    check('steps lead to the answer', all.data, { summary: 'developer rates 5, writes rust on 2 platforms', questions_for: 4 });
    check('each step is asked once', client.seen.forms.map((form) => form.message),
      ['Who are you?', 'What do you write?', 'How do you like it?', 'May we keep this?']);
    check('defaults are there', client.seen.forms[1]?.requestedSchema.properties.language.default, 'cpp');
    const titles = client.seen.forms[0]?.requestedSchema.properties.role;
    check('titles are there', (titles?.oneOf ?? []).map((one) => one.title), ['I write code', 'I manage']);
    client.seen.forms.length = 0;
    const passed = await client.call('survey', { role: 'developer', language: 'cpp', rating: 4 });
    check('what is passed is not asked', [passed.data?.summary, client.seen.forms.map((form) => form.message)],
      ['developer rates 4, writes cpp', ['May we keep this?']]);
    client.seen.forms.length = 0;
    const consent = await client.call('survey', { role: 'manager', rating: 4, consent: true });
    check('nobody else gives consent', [consent.is_error, /for the user to answer/.test(consent.text), client.seen.forms.length], [true, true, 0]);
    const wrong = await client.call('survey', { role: 'cook' });
    check('what is passed is checked first', [wrong.is_error, wrong.text.includes('/role'), client.seen.forms.length], [true, true, 0]);
  });

  let tries = 0;
  await with_client((params) => {
    if ('complaint' in params.requestedSchema.properties && ++tries === 1) return { action: 'accept', content: { complaint: 'bad' } };
    return fill(answers.manager)(params);
  }, async (client) => {
    const result = await client.call('survey');
    check('invalid, then valid', result.data?.summary, 'manager rates 3, says: It is far too slow');
    const again = client.seen.forms.filter((form) => form.message.startsWith('What is wrong?'));
    check('asked again with the reason', [again.length, /at least 10/.test(again[1]?.message)], [2, true]);
  });

  await with_client(fill({ ...answers.manager, rating: 1 }), async (client) => {
    await client.call('survey');
    check('a step sees the answers before it', client.seen.forms.some((form) => form.message.startsWith('That bad?')), true);
  });

  for (const action of ['decline', 'cancel']) {
    await with_client((params, nth) => (nth < 2 ? fill(answers.developer)(params) : { action }), async (client) => {
      const result = await client.call('survey');
      check(`${action} in the second step ends it`, [result.is_error, result.detail?.type, result.detail?.action], [true, 'elicitation', action]);
      check(`${action}: no more questions`, client.seen.forms.length, 2);
    });
    await with_client(() => ({ action }), async (client) => {
      const result = await client.call('lunch');
      check(`${action} is the author's own`, result.text, action === 'decline' ? 'No lunch, then.' : 'Ask me again when you are hungry.');
    });
  }

  await with_client((_, nth) => ({ action: 'accept', content: nth === 1 ? { dish: 'stone', portions: 1 } : { dish: 'soup', portions: 2 } }), async (client) => {
    check("the author's rule asks again", (await client.call('lunch')).text, '2 x soup');
    check('with its reason', /cannot be eaten/.test(client.seen.forms[1]?.message), true);
  });
  await with_client(() => ({ action: 'accept', content: { dish: 'x' } }), async (client) => {
    const result = await client.call('lunch');
    check('answers that never fit end as cancelled', [result.text, client.seen.forms.length], ['Ask me again when you are hungry.', 3]);
  });

  await with_client(undefined, async (client) => {
    const result = await client.call('survey');
    check('who cannot be asked hears what is missing', [result.is_error, result.detail?.type, result.detail?.title, result.data],
      [true, 'elicitation', 'Who are you?', undefined]);
    check('with the fields', (result.detail?.fields ?? []).map((field) => field.name).includes('role'), true);
    check('a tool can do something else', (await client.call('lunch')).text, 'You cannot be asked; there is soup.');
    check('no URL mode: the link', /^Please read http/.test((await client.call('readRules')).text), true);
  });
}

async function urls(what, at, has_page) {
  const check = (name, ...rest) => checks.equal(`${what}: ${name}`, ...rest);
  const open = async (on_url) => connect({ ...at, on_form: fill({}), on_url });

  const declined = await open(() => ({ action: 'decline' }));
  check('URL declined', (await declined.call('readRules')).text, 'The rules were not read.');
  await declined.close();

  const slow = await open(() => ({ action: 'accept' }));
  check('a slow reader is told to call again', (await slow.call('readRules')).text, 'The rules are not read yet; call again.');
  check('asked once', slow.seen.urls.length, 1);
  check('the id is of 2025-11-25 only', 'elicitationId' in (slow.seen.urls[0] ?? {}), at.kind !== 'v2-auto');
  if (has_page) {
    const bystander = await open(() => ({ action: 'accept' }));
    let visit;
    const reader = await open(({ url }) => {
      visit = sleep(700).then(() => fetch(url));
      return { action: 'accept' };
    });
    check('the same call completes once the page was open', (await reader.call('readRules')).text, 'The rules were read.');
    await visit;
    for (let i = 0; i < 100 && at.kind !== 'v2-auto' && reader.seen.complete.length === 0; ++i) await sleep(100);
    // Who else would hear of it has heard by then.
    await sleep(100);
    check('the client that asked hears of the end, on 2025-11-25', reader.seen.complete,
      at.kind === 'v2-auto' ? [] : [reader.seen.urls[0].elicitationId]);
    check('no other client does', bystander.seen.complete, []);
    await reader.close();
    await bystander.close();
  }
  await slow.close();
}

for (const flags of [[], ['--force-replay']]) {
  const mode = flags.length ? ' replayed' : '';
  const port = await free_port();
  const rounds = ['--round-ms', '300'];
  const server = await start('survey', ['--port', port, ...rounds, ...flags], { ready: `http://127.0.0.1:${port}/health` });
  for (const kind of kinds) {
    const http = { kind, url: `http://127.0.0.1:${port}/mcp` };
    const stdio = { kind, command: path.join(bin, 'survey'), args: ['--stdio', ...rounds, ...flags] };
    for (const [name, at, has_page] of [['http', http, true], ['stdio', stdio, false]]) {
      await checks.step(`${kind} ${name}${mode}`, async () => {
        await forms(`${kind} ${name}${mode}`, at);
        await urls(`${kind} ${name}${mode}`, at, has_page);
      });
    }
  }
  checks.check(`survey stops${mode}`, (await server.stop()) === 0, server.output().slice(-800));
}
checks.finish();
