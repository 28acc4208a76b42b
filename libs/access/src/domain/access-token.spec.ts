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
const issue = { type: 'IssueAccessToken', data, at } as const;
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

  it.each(['system:bootstrap', 'cli:root', 'System:x'])('is not issued to %s', (subject) => {
    given()
      .when({ ...issue, data: { ...data, subject } })
      .thenRejects('access-token/subject-reserved', '/subject');
  });

  it('is revoked, and revoking again changes nothing', () => {
    given(issued).when(revoke).then(revoked);
    given(issued, revoked).when(revoke).thenNothing();
    given().when(revoke).thenRejects('access-token/unknown');
  });
});
