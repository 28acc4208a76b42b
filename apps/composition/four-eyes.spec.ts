import { CqrsModule } from '@nestjs/cqrs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AccessTokenAuthenticator, issueToken, OidcAuthenticator } from '@hostledger/access';
import { BillingApiModule, IssuerModule } from '@hostledger/billing';
import { DealsApiModule } from '@hostledger/deals';
import { AggregateStore, deriveId, systemActor, type DomainEvent } from '@hostledger/eventsourcing';
import type { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { EventSourcingModule } from '@hostledger/eventsourcing/nest';
import type { ReadModels } from '@hostledger/eventsourcing/postgres';
import { FleetApiModule } from '@hostledger/fleet';
import { InMemoryStreams } from '@hostledger/testing';
import { AUDIENCE, OidcIssuer, servedRoutes } from '@hostledger/testing/http';
import { duties } from './rooms.js';

// Whoever has two tokens is one person: no act that takes two subjects is done by one with another
// token. Each act that the rooms say is refused is tried with every token of whoever asked for it.

const at = '2024-02-01T18:00:00.000Z';
const id = deriveId('object');
const documentDigest = 'd'.repeat(64);
const ofAccount = { contractId: id, customerId: deriveId('customer') };
const ofStatement = { ...ofAccount, statementId: deriveId('statement') };
const usd = { currency: 'USD', amount: '10.00' };

/** An act that `by` asked for, and how somebody decides on it. */
interface TwoPersonAct {
  readonly stream: string;
  readonly asked: (by: string) => readonly DomainEvent[];
  readonly url: string;
  readonly body?: object;
  /** What the one is told who asked for it. */
  readonly refused: string;
}

const ACTS: Readonly<Record<string, TwoPersonAct>> = {
  'fleet/relocation-plan': {
    stream: `relocation-${id}`,
    asked: (plannedBy) => [
      {
        type: 'RelocationPlanned',
        data: {
          ...{ relocationId: id, reference: 'HALVING', cause: 'Halving', plannedBy, moveCount: 0 },
          ...{ chunkCount: 0, destinations: [], digest: documentDigest },
          ...{ logPosition: '0', holdHours: 24 },
        },
      },
    ],
    url: `/v1/relocation-plans/${id}/approval`,
    refused: 'relocation/own-plan',
  },
  'billing/write-off': {
    stream: `billingAccount-${id}`,
    asked: (proposedBy) => [
      { type: 'AccountOpened', data: { ...ofAccount, timeZone: 'America/Chicago' } },
      {
        type: 'StatementEntered',
        data: {
          ...{ ...ofStatement, number: '2024-000001', kind: 'statement', month: '2024-01' },
          ...{ issuedOn: '2024-02-01', totals: [usd] },
        },
      },
      {
        type: 'WriteOffProposed',
        data: {
          ...{ ...ofStatement, ...usd, writeOffId: id, reason: 'Small' },
          ...{ proposedOn: '2024-02-01', proposedBy },
        },
      },
    ],
    url: `/v1/billing/accounts/${id}/write-offs/${id}/approval`,
    refused: 'account/own-write-off',
  },
  'billing/restatement': {
    stream: `billingPeriod-${id}.2024-01`,
    asked: (proposedBy) => [
      {
        type: 'RestatementProposed',
        data: {
          ...{ ...ofStatement, month: '2024-01', restatementId: id, position: '7' },
          ...{ inputsDigest: '', resultDigest: '', linesDigest: '', lineCount: 0, totals: [] },
          ...{ reason: 'Known better', proposedBy },
        },
      },
    ],
    url: `/v1/billing/periods/${id}/2024-01/restatements/${id}/approval`,
    refused: 'period/restatement-own',
  },
  'deals/leg-waiver': {
    stream: `settlement-${id}`,
    asked: (proposedBy) => [
      {
        type: 'SettlementProposed',
        data: {
          ...{ settlementId: id, reference: 'S', title: 'S', counterparty: 'C', currency: 'USD' },
          ...{ timeZone: 'UTC', proposedOn: '2024-01-01', documentDigest, proposedBy, legs: 1 },
        },
      },
      {
        type: 'SettlementLegAdded',
        data: {
          ...{ settlementId: id, leg: 1, kind: 'design', direction: 'given', description: 'Plans' },
        },
      },
      {
        type: 'SettlementApproved',
        data: {
          ...{ settlementId: id, court: 'C', docket: '1', orderReference: 'O', documentDigest },
          ...{ approvedOn: '2024-01-02', sitesGiven: [] },
        },
      },
    ],
    url: `/v1/settlements/${id}/legs/1/waiver`,
    body: { cause: 'Never finished', waivedOn: '2024-01-15', documentDigest },
    refused: 'settlement/own-waiver',
  },
  'deals/hashrate-waiver': {
    stream: `supplyAgreement-${id}`,
    asked: (recordedBy) => [
      {
        type: 'SupplyAgreed',
        data: {
          ...{ agreementId: id, reference: 'A', title: 'A', seller: 'S', buyer: 'B' },
          ...{ agreedOn: '2024-01-01', timeZone: 'UTC', currency: 'USD', price: '10.00' },
          lines: [
            {
              ...{ line: 1, model: 'S19', unitHashrateGhs: 10, contractedHashrateGhs: 100 },
              units: 10,
            },
          ],
          ...{ documentDigest, options: [], recordedBy },
        },
      },
    ],
    url: `/v1/supply-agreements/${id}/waivers`,
    body: {
      ...{ line: 1, hashrateGhs: 10, waivedOn: '2024-01-15', cause: 'Credited', documentDigest },
    },
    refused: 'supply/own-waiver',
  },
};

let issuer: OidcIssuer;
let streams: InMemoryStreams;
let store: AggregateStore;
let app: NestFastifyApplication;

beforeAll(async () => {
  issuer = await OidcIssuer.start();
});
afterAll(() => issuer.stop());

beforeEach(async () => {
  streams = new InMemoryStreams();
  store = new AggregateStore(streams);
  const oidc = new OidcAuthenticator({
    ...{ issuer: issuer.url, audience: AUDIENCE, tokenType: 'at+jwt', clockSkewSeconds: 30 },
    ...{ subjectClaim: 'sub', rolesClaim: 'roles', roles: [{ role: 'admin', value: 'ops' }] },
  });
  const issued = new AccessTokenAuthenticator(store);
  app = await servedRoutes(
    {
      imports: [
        CqrsModule.forRoot(),
        EventSourcingModule.with({
          aggregateStore: store,
          eventStore: streams as unknown as EventStore,
          readModels: {} as ReadModels,
        }),
        IssuerModule.with({ name: 'Host', address: [] }),
        ...[FleetApiModule, DealsApiModule, BillingApiModule],
      ],
    },
    {
      authenticate: async (token) => (await issued.authenticate(token)) ?? oidc.authenticate(token),
    },
  );
});
afterEach(() => app.close());

const ADA = (): string => `oidc:${issuer.url}#ada`;

/** A token issued here. */
const issuedTo = async (subject: string, name: string): Promise<string> => {
  const commandId = deriveId(name);
  const request = { subject, roles: ['admin'] as const, expiresAt: null, note: '' };
  const causes = { correlationId: name, causationId: name };
  const context = { commandId, actor: systemActor('spec'), ...causes, at };
  return (await issueToken(store, request, context)).token;
};
const signedFor = (sub: string): Promise<string> => issuer.sign({ claims: { sub } });

const decide = async ({ url, body = {} }: TwoPersonAct, token: string) => {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await app.inject({ method: 'POST', url, headers, payload: body });
  return { status: answer.statusCode, code: answer.json<{ code?: string }>().code };
};

it('Every act that takes two subjects is tried', () => {
  const enforced = [...duties.twoPersonActs].filter(([, { isEnforced }]) => isEnforced);
  expect(enforced.map(([name]) => name).toSorted()).toEqual(Object.keys(ACTS).toSorted());
});

describe.each(Object.entries(ACTS))('%s', (_name, act) => {
  it('is refused to every token of who asked for it, issued here or by the OIDC issuer', async () => {
    await streams.happened(act.stream, at, ...act.asked(ADA()));
    const tokens = [
      await signedFor('ada'),
      await signedFor('ada'),
      await issuedTo(ADA(), 'one'),
      await issuedTo(ADA(), 'two'),
    ];
    expect(new Set(tokens).size).toBe(4);
    const { length } = streams.events(act.stream);
    for (const token of tokens) {
      expect(await decide(act, token)).toEqual({ status: 403, code: act.refused });
    }
    expect(streams.events(act.stream)).toHaveLength(length);
  });

  it('is refused to two issued tokens of one subject', async () => {
    await streams.happened(act.stream, at, ...act.asked('bob'));
    for (const name of ['one', 'two']) {
      const token = await issuedTo('bob', name);
      expect(await decide(act, token)).toEqual({ status: 403, code: act.refused });
    }
  });

  it('is done by another subject, whatever kind of token that has', async () => {
    await streams.happened(act.stream, at, ...act.asked('ada'));
    const { status } = await decide(act, await signedFor('ada'));
    expect([200, 201]).toContain(status);
  });
});
