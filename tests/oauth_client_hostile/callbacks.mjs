// What comes back from the browser: every variant of `iss`, and codes and errors of other people's making.
import { Double, agreeable, protected_mcp, without_chance } from './doubles.mjs';

export async function callbacks() {
  const cases = [];
  const add = async (name, advertised, answer, expect, more = {}) => {
    const rs = await Double.start('rs');
    const as = await Double.start('as');
    const metadata = advertised === undefined ? {} : { authorization_response_iss_parameter_supported: advertised };
    agreeable(as, { metadata, answer: (query, asked) => answer(query, as, asked) });
    protected_mcp(rs, as);
    cases.push({
      name,
      expect,
      orders: { url: `${rs.origin}/mcp`, timeout_ms: 3000 },
      after: (check, outcome) => {
        check('the person was sent there once', as.count('/authorize') === 1, as.paths());
        check(expect === 'ok' ? 'the code is traded' : 'no code is traded', as.count('/token') === (expect === 'ok' ? 1 : 0), as.paths());
        check('nothing of the answer is repeated', !/script|evil|stolen/.test(without_chance(outcome.text)));
        if (more.after) more.after(check, outcome);
      },
    });
  };
  const wrong = {
    'another one': () => 'https://evil.example',
    'with a slash more': (as) => `${as.origin}/`,
    'by another name of the host': (as) => as.origin.replace('127.0.0.1', 'localhost'),
    'in capitals': (as) => as.origin.toUpperCase(),
    'empty': () => '',
    'escaped twice': (as) => encodeURIComponent(as.origin),
    'with a zero byte': (as) => `${as.origin}\0`,
    'that begins like it': (as) => `${as.origin}.evil.example`,
  };
  for (const advertised of [true, false, undefined]) {
    const said = `issuer ${advertised ? 'announced' : advertised === false ? 'not announced' : 'not mentioned'}`;
    await add(`${said}, right`, advertised, (query, as) => query.set('iss', as.origin), 'ok');
    await add(`${said}, absent`, advertised, () => {}, advertised ? 'unauthenticated' : 'ok');
    for (const [how, make] of Object.entries(wrong))
      await add(`${said}, ${how}`, advertised, (query, as) => query.set('iss', make(as)), 'unauthenticated');
    await add(`${said}, twice`, advertised, (query, as) => { query.append('iss', as.origin); query.append('iss', as.origin); }, 'unauthenticated');
    await add(`${said}, right then wrong`, advertised, (query, as) => { query.append('iss', as.origin); query.append('iss', 'https://evil.example'); }, 'unauthenticated');
    await add(`${said}, wrong with an error`, advertised, (query) => {
      query.set('iss', 'https://evil.example');
      query.set('error', 'access_denied');
      query.set('error_description', '<script>evil()</script>');
    }, 'unauthenticated');
  }
  await add('code of another session', undefined, (query) => { query.set('state', 'stolen'); query.set('code', 'stolen'); }, 'unauthenticated');
  await add('code without a state', undefined, (query) => query.delete('state'), 'unauthenticated');
  await add('state in another case', undefined, (query) => {
    const state = query.get('state');
    query.set('state', state === state.toLowerCase() ? state.toUpperCase() : state.toLowerCase());
  }, 'unauthenticated');
  await add('state cut short', undefined, (query) => query.set('state', query.get('state').slice(0, -1)), 'unauthenticated');
  await add('state twice', undefined, (query) => query.append('state', query.get('state')), 'unauthenticated');
  await add('two codes', undefined, (query) => query.append('code', 'stolen'), 'unauthenticated');
  await add('code and error', undefined, (query) => query.set('error', 'server_error'), 'unauthenticated');
  await add('no code', undefined, (query) => query.delete('code'), 'unauthenticated');
  await add('empty code', undefined, (query) => query.set('code', ''), 'unauthenticated');
  await add('script in the description of an error', undefined, (query) => {
    query.delete('code');
    query.set('error', 'server_error');
    query.set('error_description', '<script>alert(1)</script>');
    query.set('error_uri', 'javascript:evil()');
  }, 'unauthenticated');
  await add('script for an error', undefined, (query) => { query.delete('code'); query.set('error', '<script>evil()</script>'); }, 'unauthenticated');
  await add('answer of many parameters', undefined, (query) => { for (let i = 0; i < 100; ++i) query.append(`x${i}`, 'y'); }, 'unauthenticated');
  await add('answer of many bytes', undefined, (query) => query.set('x', 'y'.repeat(17_000)), 'unauthenticated');
  return cases;
}
