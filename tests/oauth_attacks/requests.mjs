// 19 to 29: authorization requests.
import http from 'node:http';
import { callback } from './world.mjs';
import { Visitor } from './visitor.mjs';

export async function authorization_requests(attack, world) {
  const ask = (changes) => new Visitor().get(world.request(changes).url);
  const stopped = (answer) => answer.status === 400 && !answer.next && answer.headers.get('content-type')?.startsWith('text/html');
  const returned = (answer, error) => answer.status === 303 && answer.next.startsWith(`${callback}?`) && answer.params.get('error') === error &&
    answer.params.get('iss') === world.issuer && answer.params.has('state') && !answer.params.has('code');

  const nineteen = attack(19, 'RFC 6749 4.1.2.1');
  for (const redirect_uri of ['https://evil.example/', 'https://ok.example/cb', 'javascript:alert(1)', 'http://127.0.0.1:9/other'])
    nineteen(`unregistered redirect ${redirect_uri}: 400, no Location`, stopped(await ask({ redirect_uri })));
  nineteen('a registered client without redirect URIs of its own to choose from: 400', stopped(await ask({ redirect_uri: undefined })));

  const twenty = attack(20, 'RFC 7591 2');
  for (const redirect_uris of [[], undefined, null, 'https://app.example/', [''], [1]])
    twenty(`a client with redirect_uris ${JSON.stringify(redirect_uris)}: 400`, (await world.register({ redirect_uris })).status === 400);

  const twenty_one = attack(21, 'RFC 6749 10.15');
  for (const client_id of [undefined, '', 'nobody', 'our-client-at-the-provider'])
    twenty_one(`an attacker's redirect with client ${client_id}: 400, no Location`, stopped(await ask({ client_id, redirect_uri: 'https://evil.example/' })));

  const twenty_two = attack(22, 'RFC 6749 3.1.2.3');
  for (const redirect_uri of ['https://ok.example@evil.example/cb', 'https://ok.example/cb/..%2fx', 'https://ok.example/cb/', 'https://ok.example.evil.example/cb',
    'https://ok.example/cb?x=1', 'https://ok.example/cb#x', 'https://OK.example/cb', 'https://ok.example:443/cb', 'https://ok.example/cb/../cb', 'https://ok.example\\@evil.example/cb'])
    twenty_two(`${redirect_uri}: 400`, stopped(await ask({ client_id: 'web', redirect_uri })));
  for (const redirect_uri of ['http://localhost.evil.com/cb', 'http://localhost:3000@evil.com/cb', 'http://localhost:3000/cb/'])
    twenty_two(`${redirect_uri}: 400`, stopped(await ask({ redirect_uri })));

  const twenty_three = attack(23, 'RFC 8252 7.3');
  for (const redirect_uri of ['http://127.0.0.1:50123/callback', 'http://127.0.0.1/callback', 'http://localhost:1/cb'])
    twenty_three(`${redirect_uri}: shown`, (await ask({ redirect_uri })).status === 200);
  for (const redirect_uri of ['http://127.0.0.1:50123/other', 'http://localhost:50123/callback', 'http://[::1]:50123/callback', 'http://127.0.0.2:50123/callback', 'https://127.0.0.1:50123/callback'])
    twenty_three(`${redirect_uri}: 400`, stopped(await ask({ redirect_uri })));

  const twenty_four = attack(24, 'RFC 7636 4.4.1');
  const challenges = [{ code_challenge: undefined }, { code_challenge_method: undefined }, { code_challenge_method: 'plain' }, { code_challenge_method: 's256' },
    { code_challenge: 'x'.repeat(42) }, { code_challenge: 'x'.repeat(129) }, { code_challenge: `${'x'.repeat(42)}+` }, { code_challenge: undefined, code_challenge_method: undefined }];
  for (const changes of challenges) twenty_four(`${JSON.stringify(changes)}: invalid_request`, returned(await ask(changes), 'invalid_request'));

  const twenty_five = attack(25, 'RFC 8707 2');
  for (const resource of ['https://other.example', `${world.resource}x`, `${world.resource}/`, `${world.resource}#x`, world.issuer, 'mcp'])
    twenty_five(`resource ${resource}: invalid_target`, returned(await ask({ resource }), 'invalid_target'));

  const twenty_six = attack(26, 'RFC 6749 3.3');
  for (const scope of ['admin', 'read admin', '*', 'READ', 'read\twrite', 'read"'])
    twenty_six(`scope ${JSON.stringify(scope)}: invalid_scope`, returned(await ask({ scope }), 'invalid_scope'));

  const twenty_seven = attack(27, 'RFC 6749 3.1');
  const { url } = world.request();
  for (const more of ['client_id=native', 'client_id=second', `redirect_uri=${encodeURIComponent('https://evil.example/')}`, 'state=x', 'scope=read&scope=write',
    `resource=${encodeURIComponent(world.resource)}&resource=x`, 'client%5Fid=second'])
    twenty_seven(`${more} beside the others: 400`, stopped(await new Visitor().get(`${url}&${more}`)));
  const lists = new Visitor();
  const as_list = await lists.get(url.replace('client_id=', 'client_id%5B%5D='));
  twenty_seven('client_id[]: 400', stopped(as_list), as_list.status);
  twenty_seven('a broken escape: 400', stopped(await new Visitor().get(`${url}&x=%zz`)));

  const twenty_eight = attack(28, 'RFC 6749 4.2');
  for (const response_type of ['token', 'id_token', 'code token', 'none'])
    twenty_eight(`response_type ${response_type}: back with iss and state`, returned(await ask({ response_type }), 'unsupported_response_type'));
  twenty_eight('response_mode=fragment is refused', returned(await ask({ response_mode: 'fragment' }), 'invalid_request'));
  twenty_eight('a request object is refused', returned(await ask({ request: 'eyJhbGciOiJub25lIn0.e30.' }), 'request_not_supported'));
  twenty_eight('a foreign request_uri is not fetched', returned(await ask({ request_uri: `${world.provider.issuer}/request` }), 'request_uri_not_supported'));

  const twenty_nine = attack(29, 'RFC 8414 3.3');
  for (const host of ['evil.example', `127.0.0.1:${world.port}.evil.example`, 'localhost']) {
    const answer = await new Promise((resolve, reject) => {
      http.get({ host: '127.0.0.1', port: world.port, path: '/.well-known/oauth-authorization-server', headers: { host, 'x-forwarded-host': host, 'x-forwarded-proto': 'https' } }, (response) => {
        let text = '';
        response.on('data', (chunk) => { text += chunk; });
        response.on('end', () => resolve({ status: response.statusCode, text }));
      }).on('error', reject);
    });
    twenty_nine(`Host: ${host}: refused, or the configured issuer`, !answer.text.includes('evil') && !answer.text.includes('localhost') &&
      (answer.status >= 400 || JSON.parse(answer.text).issuer === world.issuer), answer);
  }
}
