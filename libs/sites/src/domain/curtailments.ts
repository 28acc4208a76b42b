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

/** What is curtailed from when on; open until `CurtailmentEnded` or `CurtailmentCancelled`. */
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
/** It never began: nothing was shed. */
export type CurtailmentCancelled = DomainEvent<
  'CurtailmentCancelled',
  {
    facility: string;
    curtailmentId: string;
    /** Before it would have begun. */
    cancelledAt: string;
    cause: string;
  }
>;
/** What was measured once it was over, or what it came to after all; what was told last holds. */
export type CurtailmentMeasured = DomainEvent<
  'CurtailmentMeasured',
  {
    /** Code of the site. */
    facility: string;
    /** That is over. */
    curtailmentId: string;
    /** Not drawn because of it, in whole Wh: all of its scope. */
    energyAvoidedWh: number;
    /** Why it is another than was told before, where something was. */
    cause?: string;
  }
>;
export type CurtailmentEvent =
  CurtailmentDeclared | CurtailmentEnded | CurtailmentCancelled | CurtailmentMeasured;

export type CurtailmentCommand =
  | DomainCommand<'DeclareCurtailment', Omit<CurtailmentDeclared['data'], 'facility'>>
  | DomainCommand<'EndCurtailment', Omit<CurtailmentEnded['data'], 'facility'>>
  | DomainCommand<'CancelCurtailment', Omit<CurtailmentCancelled['data'], 'facility'>>
  | DomainCommand<'MeasureCurtailment', Omit<CurtailmentMeasured['data'], 'facility'>>;

/** As declared, and how it was over. */
interface Curtailment extends Readonly<CurtailmentDeclared['data']> {
  readonly ended?: CurtailmentEnded['data'];
  readonly cancelled?: CurtailmentCancelled['data'];
  /** What was told last, beside its end. */
  readonly measured?: CurtailmentMeasured['data'];
}

export type Curtailments = ReadonlyMap<string, Curtailment>;

export const noCurtailments: Curtailments = new Map();

export const evolveCurtailments = (
  curtailments: Curtailments,
  event: CurtailmentEvent,
): Curtailments => {
  const { curtailmentId } = event.data;
  if (event.type === 'CurtailmentDeclared') {
    return new Map(curtailments).set(curtailmentId, event.data);
  }
  const declared = curtailments.get(curtailmentId);
  if (!declared) return curtailments;
  return new Map(curtailments).set(curtailmentId, { ...declared, ...toldBy(event) });
};

const toldBy = (event: Exclude<CurtailmentEvent, CurtailmentDeclared>): Partial<Curtailment> => {
  switch (event.type) {
    case 'CurtailmentEnded':
      return { ended: event.data };
    case 'CurtailmentCancelled':
      return { cancelled: event.data };
    case 'CurtailmentMeasured':
      return { measured: event.data };
  }
};

export const decideCurtailments = (
  command: CurtailmentCommand,
  facility: OperatingFacility,
): CurtailmentEvent[] => {
  switch (command.type) {
    case 'DeclareCurtailment':
      return declare(command.data, facility);
    case 'EndCurtailment':
      return end(command.data, facility);
    case 'CancelCurtailment':
      return cancel(command.data, facility);
    case 'MeasureCurtailment':
      return measure(command.data, facility);
  }
};

/**
 * The windows of one cause never overlap on a rack, so that no energy is counted twice; those of
 * different causes may. One that is open lasts until its expected end, or for any time where none
 * is known; when it ends later after all, that is judged again.
 */
const declare = (
  data: Omit<CurtailmentDeclared['data'], 'facility'>,
  site: OperatingFacility,
): CurtailmentDeclared[] => {
  const { facility, racks, curtailments } = site;
  const { curtailmentId, scope, startsAt, expectedEndAt } = data;
  if (curtailments.has(curtailmentId)) return [];
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
  const named = scope.kind === 'racks' ? scope.racks : [];
  const strange = named.find((rack) => !racks.has(rack));
  if (strange !== undefined) {
    throw new DomainError(
      'invalid',
      'facility/rack-unknown',
      `${facility} has no rack ${strange}`,
      { facility, rack: strange },
      `/racks/${named.indexOf(strange)}`,
    );
  }
  mustNotOverlap(curtailments, data, expectedEndAt, '/startsAt');
  return [{ type: 'CurtailmentDeclared', data: { facility, ...data } }];
};

/** @param until its end; absent: any time after its start. */
const mustNotOverlap = (
  curtailments: Curtailments,
  { curtailmentId, scope, cause, startsAt }: Omit<CurtailmentDeclared['data'], 'facility'>,
  until: string | undefined,
  pointer: string,
): void => {
  for (const other of curtailments.values()) {
    if (other.curtailmentId === curtailmentId || other.cause !== cause || other.cancelled) continue;
    const otherUntil = other.ended?.endedAt ?? other.expectedEndAt;
    const apart =
      (otherUntil !== undefined && startsAt >= otherUntil) ||
      (until !== undefined && other.startsAt >= until);
    if (apart || !overlap(other.scope, scope)) continue;
    const lasts = otherUntil === undefined ? '' : ` to ${otherUntil}`;
    throw new DomainError(
      'conflict',
      other.ended ? 'facility/curtailment-overlaps' : 'facility/curtailment-open',
      `Curtailment ${other.curtailmentId} for the same cause lasts from ${other.startsAt}${lasts}`,
      {
        curtailmentId: other.curtailmentId,
        cause,
        startsAt: other.startsAt,
        ...(other.ended && { endedAt: other.ended.endedAt }),
        ...(other.expectedEndAt !== undefined && { expectedEndAt: other.expectedEndAt }),
      },
      pointer,
    );
  }
};

const overlap = (one: CurtailmentScope, other: CurtailmentScope): boolean =>
  one.kind === 'facility' ||
  other.kind === 'facility' ||
  one.racks.some((rack) => other.racks.includes(rack));

/**
 * Whether a rack is within a curtailment that is open, or that was under way at an instant. One that
 * is open may begin later: racks are shed in time for it.
 */
export const isCurtailed = (
  { curtailments }: OperatingFacility,
  rack: string,
  curtailmentId: string,
  then?: string,
): boolean => {
  const known = curtailments.get(curtailmentId);
  if (!known || known.cancelled) return false;
  const { startsAt, ended } = known;
  if (then === undefined ? ended : then < startsAt || (ended && then >= ended.endedAt))
    return false;
  return overlap(known.scope, { kind: 'racks', racks: [rack] });
};

const end = (
  data: Omit<CurtailmentEnded['data'], 'facility'>,
  site: OperatingFacility,
): CurtailmentEnded[] => {
  const { facility, curtailments } = site;
  const { curtailmentId, endedAt, energyAvoidedWh } = data;
  const declared = knownCurtailment(curtailmentId, site);
  const { ended, cancelled, startsAt } = declared;
  if (ended?.endedAt === endedAt && ended.energyAvoidedWh === energyAvoidedWh) return [];
  if (ended) {
    throw endedOtherwise(ended, ended.endedAt === endedAt ? '/energyAvoidedWh' : '/endedAt');
  }
  if (cancelled) throw cancelledBefore(cancelled);
  if (endedAt < startsAt) {
    throw new DomainError(
      'invalid',
      'facility/curtailment-backwards',
      `A curtailment from ${startsAt} cannot end at ${endedAt}; before it begins it is cancelled`,
      { startsAt, endedAt },
      '/endedAt',
    );
  }
  mustNotOverlap(curtailments, declared, endedAt, '/endedAt');
  return [{ type: 'CurtailmentEnded', data: { facility, ...data } }];
};

const cancel = (
  data: Omit<CurtailmentCancelled['data'], 'facility'>,
  site: OperatingFacility,
): CurtailmentCancelled[] => {
  const { curtailmentId, cancelledAt, cause } = data;
  const { ended, cancelled, startsAt } = knownCurtailment(curtailmentId, site);
  if (cancelled?.cancelledAt === cancelledAt && cancelled.cause === cause) return [];
  if (cancelled) throw cancelledBefore(cancelled);
  if (ended) throw endedOtherwise(ended);
  if (cancelledAt >= startsAt) {
    throw new DomainError(
      'conflict',
      'facility/curtailment-begun',
      `Curtailment ${curtailmentId} began at ${startsAt}; from then on it is ended`,
      { curtailmentId, startsAt },
      '/cancelledAt',
    );
  }
  return [{ type: 'CurtailmentCancelled', data: { facility: site.facility, ...data } }];
};

/** Told with its end or later; whoever tells something else than before says why. */
const measure = (
  data: Omit<CurtailmentMeasured['data'], 'facility'>,
  site: OperatingFacility,
): CurtailmentMeasured[] => {
  const { curtailmentId, energyAvoidedWh, cause } = data;
  const { ended, cancelled, measured, startsAt } = knownCurtailment(curtailmentId, site);
  if (cancelled) throw cancelledBefore(cancelled);
  if (!ended) {
    throw new DomainError(
      'conflict',
      'facility/curtailment-not-ended',
      `Curtailment ${curtailmentId} from ${startsAt} is not over; what it avoids is measured then`,
      { curtailmentId, startsAt },
    );
  }
  const told = measured?.energyAvoidedWh ?? ended.energyAvoidedWh;
  if (told === energyAvoidedWh) return [];
  if (told !== undefined && cause === undefined) {
    throw new DomainError(
      'conflict',
      'facility/curtailment-measured',
      `${told} Wh are told of curtailment ${curtailmentId}; what corrects that says why`,
      { curtailmentId, energyAvoidedWh: told },
      '/cause',
    );
  }
  return [{ type: 'CurtailmentMeasured', data: { facility: site.facility, ...data } }];
};

const knownCurtailment = (
  curtailmentId: string,
  { facility, curtailments }: OperatingFacility,
): Curtailment => {
  const known = curtailments.get(curtailmentId);
  if (known) return known;
  throw new DomainError(
    'notFound',
    'facility/curtailment-unknown',
    `${facility} has no curtailment ${curtailmentId}`,
    { curtailmentId },
  );
};

const endedOtherwise = (
  { curtailmentId, endedAt, energyAvoidedWh }: CurtailmentEnded['data'],
  pointer?: string,
): DomainError =>
  new DomainError(
    'conflict',
    'facility/curtailment-ended',
    `Curtailment ${curtailmentId} ended at ${endedAt}`,
    { curtailmentId, endedAt, ...(energyAvoidedWh !== undefined && { energyAvoidedWh }) },
    pointer,
  );

const cancelledBefore = ({
  curtailmentId,
  cancelledAt,
  cause,
}: CurtailmentCancelled['data']): DomainError =>
  new DomainError(
    'conflict',
    'facility/curtailment-cancelled',
    `Curtailment ${curtailmentId} was cancelled at ${cancelledAt}`,
    { curtailmentId, cancelledAt, cause },
  );
