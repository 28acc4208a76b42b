import {
  deriveId,
  dutiesOfRoom,
  type DomainEvent,
  type RecordedEvent,
} from '@hostledger/eventsourcing';
import { Duties } from '../../domain/duties.js';

// A small company, in which plans are asked for and approved and months are closed.

type SmallEvent =
  | DomainEvent<'PlanMade', { id: string }>
  | DomainEvent<'PlanApproved', { id: string }>
  | DomainEvent<'PlanRejected', { id: string }>
  | DomainEvent<'RuleBroken', { id: string; because: string; said: string }>
  | DomainEvent<'TermsSet', { id: string }>
  | DomainEvent<'MonthClosed', { id: string }>
  | DomainEvent<'TokenIssued', { id: string; subject: string }>;

export const smallDuties = new Duties([
  dutiesOfRoom<SmallEvent>({
    twoPersonActs: {
      'small/plan': { title: 'Plan', isEnforced: false, why: 'Nobody looks' },
    },
    overrides: { 'small/broken': 'A rule was broken' },
    duties: {
      'small/terms': 'Sets terms',
      'small/closes': 'Closes months',
      'access/issues-tokens': 'Issues tokens',
    },
    conflicts: [{ one: 'small/terms', other: 'small/closes', why: 'One word for both' }],
    acts: {
      PlanMade: ({ data }) => [{ kind: 'request', name: 'small/plan', about: `plan ${data.id}` }],
      PlanApproved: ({ data }) => [
        { kind: 'approval', name: 'small/plan', about: `plan ${data.id}` },
      ],
      PlanRejected: ({ data }) => [
        { kind: 'refusal', name: 'small/plan', about: `plan ${data.id}` },
      ],
      RuleBroken: ({ data }) => [
        {
          ...{ kind: 'override', name: 'small/broken', about: `rule ${data.id}` },
          ...{ reason: data.because, other: data.said },
        },
      ],
      TermsSet: ({ data }) => [{ kind: 'duty', name: 'small/terms', about: `contract ${data.id}` }],
      MonthClosed: ({ data }) => [
        { kind: 'duty', name: 'small/closes', about: `contract ${data.id}` },
      ],
      TokenIssued: ({ data }) => [
        {
          ...{ kind: 'duty', name: 'access/issues-tokens', about: `token ${data.id}` },
          other: data.subject,
        },
      ],
    },
  }),
]);

/** What is said of an event; the rest follows from where it is in the log. */
export interface Said {
  readonly type: string;
  readonly data?: object;
  readonly stream?: string;
  readonly by?: string;
  readonly role?: string;
  readonly reason?: string;
  readonly recordedAt?: string;
  readonly occurredAt?: string;
}

/** A log of these events, a minute apart from 2024-06-01 unless they say otherwise. */
export const logOf = (...said: readonly Said[]): RecordedEvent[] => {
  const revisions = new Map<string, bigint>();
  return said.map((one, index) => {
    const { stream = 'small-1', type, data = {}, by = 'ann', role = 'operator', reason } = one;
    const revision = (revisions.get(stream) ?? -1n) + 1n;
    revisions.set(stream, revision);
    const recordedAt = one.recordedAt ?? new Date(Date.UTC(2024, 5, 1, 0, index)).toISOString();
    return {
      id: deriveId('event', index),
      ...{ type, data, stream, revision, recordedAt },
      position: BigInt(index + 1) * 100n,
      metadata: {
        commandId: deriveId('command', index),
        commandHash: 'hash',
        actor: { subject: by, role },
        occurredAt: one.occurredAt ?? recordedAt,
        $correlationId: 'correlation',
        $causationId: 'cause',
        ...(reason !== undefined && { reason }),
      },
    };
  });
};
