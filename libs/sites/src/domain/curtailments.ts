import { DomainError, type DomainCommand, type DomainEvent } from '@hostledger/eventsourcing';
import { mustBeOperated } from './disposal.js';
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

/** What is left of a curtailment that is over: its place among the others for its cause. */
interface EndedCurtailment {
  readonly curtailmentId: string;
  readonly scope: CurtailmentScope;
  readonly cause: CurtailmentCause;
  readonly startsAt: string;
  readonly endedAt: string;
}

export interface Curtailments {
  readonly open: ReadonlyMap<string, CurtailmentDeclared['data']>;
  readonly ended: ReadonlyMap<string, EndedCurtailment>;
}

export const noCurtailments: Curtailments = { open: new Map(), ended: new Map() };

export const evolveCurtailments = (
  { open, ended }: Curtailments,
  event: CurtailmentEvent,
): Curtailments => {
  const { curtailmentId } = event.data;
  if (event.type === 'CurtailmentDeclared') {
    return { open: new Map(open).set(curtailmentId, event.data), ended };
  }
  const declared = open.get(curtailmentId);
  if (!declared) return { open, ended };
  const left = new Map(open);
  left.delete(curtailmentId);
  const { scope, cause, startsAt } = declared;
  const over = { curtailmentId, scope, cause, startsAt, endedAt: event.data.endedAt };
  return { open: left, ended: new Map(ended).set(curtailmentId, over) };
};

export const decideCurtailments = (
  command: CurtailmentCommand,
  facility: OperatingFacility,
): CurtailmentEvent[] =>
  command.type === 'DeclareCurtailment'
    ? declare(command.data, facility)
    : end(command.data, facility);

/**
 * One cause is open once for a rack, and its windows there never overlap, so that no energy is
 * counted twice; windows of different causes may overlap.
 */
const declare = (
  data: Omit<CurtailmentDeclared['data'], 'facility'>,
  site: OperatingFacility,
): CurtailmentDeclared[] => {
  const {
    facility,
    racks,
    curtailments: { open, ended },
  } = site;
  const { curtailmentId, scope, cause, startsAt, expectedEndAt } = data;
  if (open.has(curtailmentId) || ended.has(curtailmentId)) return [];
  mustBeOperated(site);
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
  // What was not announced to end before may last for any time.
  mustNotOverlap(ended, data, expectedEndAt, '/startsAt');
  return [{ type: 'CurtailmentDeclared', data: { facility, ...data } }];
};

const mustNotOverlap = (
  ended: Curtailments['ended'],
  { scope, cause, startsAt }: Pick<CurtailmentDeclared['data'], 'scope' | 'cause' | 'startsAt'>,
  until: string | undefined,
  pointer: string,
): void => {
  const other = [...ended.values()].find(
    (over) =>
      over.cause === cause &&
      startsAt < over.endedAt &&
      (until === undefined || over.startsAt < until) &&
      overlap(over.scope, scope),
  );
  if (!other) return;
  throw new DomainError(
    'conflict',
    'facility/curtailment-overlaps',
    `Curtailment ${other.curtailmentId} for the same cause lasted from ${other.startsAt} to ` +
      other.endedAt,
    { curtailmentId: other.curtailmentId, startsAt: other.startsAt, endedAt: other.endedAt },
    pointer,
  );
};

const overlap = (one: CurtailmentScope, other: CurtailmentScope): boolean =>
  one.kind === 'facility' ||
  other.kind === 'facility' ||
  one.racks.some((rack) => other.racks.includes(rack));

/** Whether it is open and a rack is within it. */
export const isCurtailed = (
  { curtailments: { open } }: OperatingFacility,
  rack: string,
  curtailmentId: string,
): boolean => {
  const scope = open.get(curtailmentId)?.scope;
  return scope !== undefined && overlap(scope, { kind: 'racks', racks: [rack] });
};

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
  mustNotOverlap(ended, declared, endedAt, '/endedAt');
  return [{ type: 'CurtailmentEnded', data: { facility, ...data } }];
};
