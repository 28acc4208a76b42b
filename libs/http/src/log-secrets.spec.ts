import { withoutSecrets } from './log-secrets.js';

describe('A line of the log', () => {
  const id = '11111111-1111-4111-8111-111111111111';
  const jwt = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl';

  it.each([
    ['an issued token', `GET /v1/miners?token=hl_${id}_${'Ab-_'.repeat(10)}xyz&limit=1`, `Ab-_`],
    ['a token of an issuer', `{"msg":"cannot verify ${jwt}"}`, jwt.slice(20)],
    ['half a token of an issuer', `{"msg":"${jwt.slice(0, 40)}"}`, jwt.slice(22, 40)],
    ['a secret of a webhook', '{"secret":"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}', 'MfKQ9r8G'],
    ['a key of signed notes', 'bad key PRIVATE+KEY+host+1234abcd+AQID=', 'AQID'],
    [
      'a key of PEM',
      '-----BEGIN EC PRIVATE KEY-----\\nMHcCAQ==\\n-----END EC PRIVATE KEY-----',
      'MHcC',
    ],
    ['a password of PostgreSQL', 'connect postgres://app:s3cr%40t@db:5432/x failed', 's3cr'],
    [
      'a password of EventStoreDB',
      '{"err":"esdb://app:s3cret@one:2113,two:2113?tls=true"}',
      's3cret',
    ],
    ['what a header bears', '{"authorization":"Bearer 0123456789abcdef0123"}', '0123456789'],
  ])('does not hold %s', (_what, line, secret) => {
    expect(line).toContain(secret);
    expect(withoutSecrets(line)).not.toContain(secret);
    expect(withoutSecrets(line)).toContain('…');
  });

  it('stays what it is otherwise, and valid JSON', () => {
    const line = JSON.stringify({
      ...{ url: 'http://127.0.0.1:3000/docs', at: '2024-04-20T10:00:00.000Z', ip: '::1' },
      ...{ msg: 'Bearer error="invalid_token"', subject: 'oidc:login.example#a@b.example' },
    });
    expect(withoutSecrets(line)).toBe(line);
    const leaked = JSON.stringify({ msg: `x ${jwt} y`, err: { stack: 'at\nhttp://a:b@c\n' } });
    expect(JSON.parse(withoutSecrets(leaked))).toMatchObject({ msg: 'x … y' });
  });

  it('of a token keeps the id, by which it is revoked', () => {
    expect(withoutSecrets(`hl_${id}_${'A'.repeat(43)}`)).toBe(`hl_${id}_…`);
  });

  it('may be as long as it likes: the search does not get slow', () => {
    for (const text of ['eyJ', '://', 'Bearer ', 'whsec_', '://a:', 'eyJaaaaaaaa.']) {
      const begun = performance.now();
      withoutSecrets(text.repeat(20_000));
      withoutSecrets(`${text}${'a'.repeat(200_000)}`);
      expect(performance.now() - begun).toBeLessThan(5_000);
    }
  });
});
