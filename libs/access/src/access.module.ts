import { Module } from '@nestjs/common';
import type { Projection } from '@hostledger/eventsourcing';
import { registerProblems } from '@hostledger/http';
import { denialsProjection } from './read/denials.js';
import { accessProjection } from './read/projection.js';
import { tokensQuery } from './read/query.js';
import { issueToken } from './write/issue-token.js';
import { revokeToken } from './write/revoke-token.js';

registerProblems({
  'access-token/unknown': { status: 404, title: 'There is no such token' },
  'access-token/already-issued': {
    status: 409,
    title: 'The token was issued already; its secret cannot be shown again',
  },
  'access-token/subject-reserved': {
    status: 422,
    title: 'The subject is one of the system or of its command line',
  },
  'access-token/customers-missing': {
    status: 422,
    title: 'A token for the people of a customer names the customers whose objects it shows',
  },
  'server/issuer-unavailable': {
    status: 503,
    title: 'The issuer of the token does not answer, and its key is not known without it',
  },
  'access-token/expired': { status: 422, title: 'The token would expire before it is issued' },
});

const slices = [issueToken, revokeToken, tokensQuery];

@Module({ controllers: slices.flatMap(({ controllers }) => [...controllers]) })
export class AccessApiModule {}

export const accessProjections: readonly Projection[] = [accessProjection, denialsProjection];
