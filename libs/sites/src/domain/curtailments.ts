import { DomainError, type DomainCommand, type DomainEvent } from '@hostledger/eventsourcing';
import type { OperatingFacility } from './facility.js';

// Windows in which a site, or some of its racks, draw less.

export const CURTAILMENT_CAUSES = [
  'grid',
  'economic',
  'demandResponse',
  'maintenance',
  'other',
] as const;
export type CurtailmentCause = (typeof CURTAILMENT_CAUSES)[number];

export type CurtailmentScope =
  { readonly kind: 'facility' } | { readonly kind: 'racks'; readonly racks: readonly string[] };

/** What is curtailed from when on; open until `CurtailmentEnded`. */
export type CurtailmentDeclared = DomainEvent<
  'CurtailmentDeclared',
  {
    facility: string;
    curtailmentId: string;
    /** The whole site, or racks by their codes. */
    scope: CurtailmentScope;
    cause: CurtailmentCause;
    startsAt: string;
    /** Announced; it ends by `CurtailmentEnded` alone. */
    expectedEndAt?: string;
    /** How much less is to be drawn. */
    sheddingWatts?: number;
  }
>;
export type CurtailmentEnded = DomainEvent<
  'CurtailmentEnded',
  {
    facility: string;
    curtailmentId: string;
    endedAt: string;
    /** Not drawn because of it, in whole Wh. */
    energyAvoidedWh?: number;
  }
>;
export type CurtailmentEvent = CurtailmentDeclared | CurtailmentEnded;

export type CurtailmentCommand =
  | DomainCommand<'DeclareCurtailment', Omit<CurtailmentDeclared['data'], 'facility'>>
  | DomainCommand<'EndCurtailment', Omit<CurtailmentEnded['data'], 'facility'>>;

export interface Curtailments {
  readonly open: ReadonlyMap<string, CurtailmentDeclared['data']>;
  readonly ended: ReadonlySet<string>;
}

export const noCurtailments: Curtailments = { open: new Map(), ended: new Set() };

export const evolveCurtailments = (
  { open, ended }: Curtailments,
  event: CurtailmentEvent,
): Curtailments => {
  const { curtailmentId } = event.data;
  if (event.type === 'CurtailmentDeclared') {
    return { open: new Map(open).set(curtailmentId, event.data), ended };
  }
  const left = new Map(open);
  left.delete(curtailmentId);
  return { open: left, ended: new Set(ended).add(curtailmentId) };
};

export const decideCurtailments = (
  command: CurtailmentCommand,
  facility: OperatingFacility,
): CurtailmentEvent[] =>
  command.type === 'DeclareCurtailment'
    ? declare(command.data, facility)
    : end(command.data, facility);

/** One cause is open once for a rack; of different causes, windows may overlap. */
const declare = (
  data: Omit<CurtailmentDeclared['data'], 'facility'>,
  { facility, racks, curtailments: { open, ended } }: OperatingFacility,
): CurtailmentDeclared[] => {
  const { curtailmentId, scope, cause, startsAt, expectedEndAt } = data;
  if (open.has(curtailmentId) || ended.has(curtailmentId)) return [];
  if (expectedEndAt !== undefined && expectedEndAt <= startsAt) {
    throw new DomainError(
      'invalid',
      'facility/curtailment-backwards',
      `A curtailment from ${startsAt} cannot end at ${expectedEndAt}`,
      { startsAt, expectedEndAt },
      '/expectedEndAt',
    );
  }
  const strange = scope.kind === 'racks' ? scope.racks.find((rack) => !racks.has(rack)) : undefined;
  if (strange !== undefined) {
    throw new DomainError(
      'invalid',
      'facility/rack-unknown',
      `${facility} has no rack ${strange}`,
      { facility, rack: strange },
      '/scope/racks',
    );
  }
  const same = [...open.values()].find(
    (other) => other.cause === cause && overlap(other.scope, scope),
  );
  if (same) {
    throw new DomainError(
      'conflict',
      'facility/curtailment-open',
      `Curtailment ${same.curtailmentId} for the same cause is open since ${same.startsAt}`,
      { curtailmentId: same.curtailmentId, cause },
      '/cause',
    );
  }
  return [{ type: 'CurtailmentDeclared', data: { facility, ...data } }];
};

const overlap = (one: CurtailmentScope, other: CurtailmentScope): boolean =>
  one.kind === 'facility' ||
  other.kind === 'facility' ||
  one.racks.some((rack) => other.racks.includes(rack));

const end = (
  data: Omit<CurtailmentEnded['data'], 'facility'>,
  { facility, curtailments: { open, ended } }: OperatingFacility,
): CurtailmentEnded[] => {
  const { curtailmentId, endedAt } = data;
  if (ended.has(curtailmentId)) return [];
  const declared = open.get(curtailmentId);
  if (!declared) {
    throw new DomainError(
      'notFound',
      'facility/curtailment-unknown',
      `${facility} has no curtailment ${curtailmentId}`,
      { curtailmentId },
    );
  }
  if (endedAt < declared.startsAt) {
    throw new DomainError(
      'invalid',
      'facility/curtailment-backwards',
      `A curtailment from ${declared.startsAt} cannot end at ${endedAt}`,
      { startsAt: declared.startsAt, endedAt },
      '/endedAt',
    );
  }
  return [{ type: 'CurtailmentEnded', data: { facility, ...data } }];
};
