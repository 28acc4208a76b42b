import { specOf } from '@hostledger/testing';
import { accessTokenAggregate, type AccessTokenEvent } from './access-token.js';

const { given } = specOf(accessTokenAggregate);
const at = '2024-04-20T00:00:00.000Z';
const data = {
  tokenId: 't1',
  secretHash: 'ab',
  subject: 'erp',
  roles: ['operator'],
  expiresAt: '2025-01-01T00:00:00.000Z',
  note: '',
};
const issued: AccessTokenEvent = { type: 'AccessTokenIssued', data };
const revoked: AccessTokenEvent = { type: 'AccessTokenRevoked', data: { tokenId: 't1' } };
const issue = { type: 'IssueAccessToken', data: { ...data, customers: null }, at } as const;
const customers = ['5f0c1f3a-0c7e-5b1e-9d2a-2f6f0c8b7a11'];
const limited: AccessTokenEvent = {
  type: 'AccessTokenLimited',
  data: { tokenId: 't1', customers },
};
const revoke = { type: 'RevokeAccessToken', data: { tokenId: 't1' }, at } as const;

describe('an access token', () => {
  it('is issued once', () => {
    given().when(issue).then(issued);
    given(issued).when(issue).thenRejects('access-token/already-issued');
    given(issued, revoked).when(issue).thenRejects('access-token/already-issued');
  });

  it('cannot be issued expired', () => {
    given()
      .when({ ...issue, at: '2025-01-01T00:00:00.000Z' })
      .thenRejects('access-token/expired', '/expiresAt');
  });

  it.each(['system:bootstrap', 'cli:root', 'System:x', 'oidc:ada', 'OIDC:login.example#ada'])(
    'is not issued to %s',
    (subject) => {
      given()
        .when({ ...issue, data: { ...issue.data, subject } })
        .thenRejects('access-token/subject-reserved', '/subject');
    },
  );

  it('is issued to somebody of an OIDC issuer, who is one subject with both tokens', () => {
    const subject = 'oidc:login.example#ada';
    given()
      .when({ ...issue, data: { ...issue.data, subject } })
      .then({ type: 'AccessTokenIssued', data: { ...data, subject } });
  });

  it('is limited to customers in the append that issues it', () => {
    const twice = [...customers, customers[0]!.toUpperCase()];
    given()
      .when({ ...issue, data: { ...data, customers: twice } })
      .then(issued, limited);
    given(issued, limited, revoked).when(revoke).thenNothing();
  });

  it('of the people of a customer names whose', () => {
    const theirs = { ...data, roles: ['customer'] };
    given()
      .when({ ...issue, data: { ...theirs, customers } })
      .then({ type: 'AccessTokenIssued', data: theirs }, limited);
    for (const none of [null, []]) {
      given()
        .when({ ...issue, data: { ...theirs, customers: none } })
        .thenRejects('access-token/customers-missing', '/customers');
    }
  });

  it('is revoked, and revoking again changes nothing', () => {
    given(issued).when(revoke).then(revoked);
    given(issued, revoked).when(revoke).thenNothing();
    given().when(revoke).thenRejects('access-token/unknown');
  });
});
