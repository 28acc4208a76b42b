import { DomainError } from '@hostledger/eventsourcing';
import type { DeliveryEvent, DiscrepancyResolved } from './delivery-events.js';
import { getById } from './delivery-ids.js';
import { alreadySettled, disputesOf, Recording } from './delivery-recording.js';
import type { KnownDelivery, RegisteredDelivery } from './delivery-state.js';
import type { ModelTotal } from './delivery-totals.js';
import {
  discrepancyIdOf,
  handsBack,
  RESOLUTIONS,
  takesIn,
  type Discrepancy,
  type KnownDiscrepancy,
  type Resolution,
  type ResolutionBy,
} from './discrepancy.js';

/** What somebody wants a discrepancy to be settled with. */
export interface Wish {
  readonly discrepancyId: string;
  readonly resolution: Resolution;
  readonly reason: string;
  /** Of the machine that comes in, where the line names none or another one. */
  readonly serial?: string;
  readonly model?: string;
}

/** Why a discrepancy cannot be settled so; undefined if it can, or is settled so already. */
export const wishRefusal = (delivery: RegisteredDelivery, wish: Wish): DomainError | undefined => {
  const { discrepancyId, resolution } = wish;
  const known = getById(delivery.discrepancies, discrepancyId);
  if (!known) return discrepancyUnknown(delivery, discrepancyId);
  const { kind } = known;
  if (!RESOLUTIONS[kind].includes(resolution)) return notSettledSo(known, resolution);
  if (isItself(resolution) && wish.serial && known.serial && wish.serial !== known.serial) {
    return serialDiffers(known, wish);
  }
  const needed = takesIn(kind, resolution) ? machineOf(known, wish) : undefined;
  if (needed && (!needed.serial || !needed.model)) return machineNotNamed(known, needed);
  if (known.status === 'open') return undefined;
  const { resolution: settledAs, settledSerial } =
    known.status === 'resolved'
      ? known
      : { resolution: known.begun?.resolution, settledSerial: known.begun?.serial };
  const same = settledAs === resolution && (!needed || needed.serial === settledSerial);
  return same ? undefined : alreadySettled(known);
};

/** The machine that was missing or stood there, and not another one in its place. */
const isItself = (resolution: Resolution): boolean => resolution !== 'corrected';

/** The machine that comes in: as the wish names it, else as the line or the finding did. */
const machineOf = ({ kind, serial, machine, found }: KnownDiscrepancy, wish: Wish) => {
  // The serial of a duplicate is another machine's; that of a correction is the one to correct.
  const isOwn = isItself(wish.resolution) || kind === 'unknownModel';
  return {
    serial: wish.serial ?? (isOwn ? serial : undefined),
    model: wish.model ?? (machine ?? found)?.model,
  };
};

export interface ResolveData {
  readonly deliveryId: string;
  readonly resolvedBy: string;
  readonly wishes: readonly Wish[];
}

/**
 * Settles what can be settled at once; where a machine comes in or is sent back, that is the intent.
 * Wishes that are refused are left out; {@link wishRefusal} tells why.
 */
export const beginResolutions = (
  { deliveryId, resolvedBy, wishes }: ResolveData,
  delivery: RegisteredDelivery,
  at: string,
): readonly DeliveryEvent[] => {
  const events = new Recording(delivery);
  for (const wish of wishes) {
    const refusal = wishRefusal(events.delivery, wish);
    const known = getById(events.delivery.discrepancies, wish.discrepancyId);
    if (refusal || known?.status !== 'open') continue;
    const { discrepancyId, resolution, reason } = wish;
    const by = { discrepancyId, resolution, resolvedBy, reason };
    const { serial, model } = machineOf(known, wish);
    const moves = takesIn(known.kind, resolution) || handsBack(known.kind, resolution);
    if (moves && serial && model) {
      const { contractId, customerId, facility } = delivery.manifest;
      const { line } = known;
      const begun = { deliveryId, contractId, customerId, facility, line, serial, model, ...by };
      events.add({ type: 'ResolutionBegan', data: begun });
    } else {
      events.add(resolvedEvent(deliveryId, known, by));
    }
  }
  return events.end(at);
};

/** A machine that is sent back takes all that was wrong with it along. */
const settledTogether = (
  delivery: KnownDelivery,
  { line, begun }: KnownDiscrepancy,
): { known: KnownDiscrepancy; by: ResolutionBy }[] =>
  disputesOf(delivery, line)
    .filter(({ status }) => status !== 'resolved')
    .map((known) => {
      const { resolution, resolvedBy, reason } = (known.begun ?? begun)!;
      return { known, by: { discrepancyId: known.discrepancyId, resolution, resolvedBy, reason } };
    });

const resolvedEvent = (
  deliveryId: string,
  { line, kind, serial, machine, found }: KnownDiscrepancy,
  by: ResolutionBy,
): DiscrepancyResolved => {
  const waivedHashrateGhs =
    by.resolution === 'credited' ? creditedHashrate(kind, machine, found) : 0;
  return {
    type: 'DiscrepancyResolved',
    data: {
      deliveryId,
      line,
      kind,
      ...(serial === undefined ? {} : { serial }),
      ...(waivedHashrateGhs > 0 ? { waivedHashrateGhs } : {}),
      ...by,
    },
  };
};

/** What is owed and does not come: the whole machine, or what the found one lacks. */
const creditedHashrate = (
  kind: Discrepancy['kind'],
  machine: ModelTotal | undefined,
  found: ModelTotal | undefined,
): number => {
  if (!machine || kind === 'damaged') return 0;
  return Math.max(0, machine.hashrateGhs - (found?.hashrateGhs ?? 0));
};

/** What came of a machine that was to be taken in or sent back. */
export type Outcome =
  | { readonly discrepancyId: string; readonly serial: string; readonly machine: ModelTotal }
  | {
      readonly discrepancyId: string;
      readonly serial: string;
      readonly code: string;
      readonly detail: string;
    };

export interface FinishData {
  readonly deliveryId: string;
  readonly outcomes: readonly Outcome[];
}

/** Ends what was begun; an outcome of something that is not under way changes nothing. */
export const finishResolutions = (
  { deliveryId, outcomes }: FinishData,
  delivery: RegisteredDelivery,
  at: string,
): readonly DeliveryEvent[] => {
  const events = new Recording(delivery);
  for (const outcome of outcomes) {
    const { discrepancyId } = outcome;
    const known = getById(events.delivery.discrepancies, discrepancyId);
    if (known?.status !== 'resolving' || known.begun?.serial !== outcome.serial) continue;
    if ('code' in outcome) {
      const { code, detail } = outcome;
      events.add({ type: 'ResolutionFailed', data: { deliveryId, discrepancyId, code, detail } });
      continue;
    }
    const { resolution, resolvedBy, reason, serial } = known.begun;
    if (handsBack(known.kind, resolution)) {
      for (const { known: settled, by } of settledTogether(events.delivery, known)) {
        events.add(resolvedEvent(deliveryId, settled, by));
      }
      continue;
    }
    const by = { discrepancyId, resolution, resolvedBy, reason };
    const { data } = resolvedEvent(deliveryId, { ...known, serial }, by);
    events.add({ type: 'DiscrepancyResolved', data: { ...data, machine: outcome.machine } });
    const seen = getById(
      events.delivery.discrepancies,
      discrepancyIdOf({ line: 0, kind: 'unexpected', serial }),
    );
    if (seen?.status !== 'open') continue;
    // The machine that stood there unexplained is the one that came in.
    const explained = {
      ...by,
      discrepancyId: seen.discrepancyId,
      resolution: 'corrected' as const,
    };
    events.add(resolvedEvent(deliveryId, seen, explained));
  }
  return events.end(at);
};

// Refusals

const discrepancyUnknown = (
  { manifest: { deliveryId } }: KnownDelivery,
  discrepancyId: string,
): DomainError =>
  new DomainError(
    'notFound',
    'delivery/discrepancy-unknown',
    `Delivery ${deliveryId} has no discrepancy ${discrepancyId}`,
    { deliveryId, discrepancyId },
    '/discrepancyId',
  );

const notSettledSo = ({ kind, discrepancyId }: KnownDiscrepancy, resolution: Resolution) =>
  new DomainError(
    'conflict',
    'delivery/resolution-not-possible',
    `A discrepancy ${kind} is settled as ${RESOLUTIONS[kind].join(', ')}, not ${resolution}`,
    { discrepancyId, possible: RESOLUTIONS[kind] },
    '/resolution',
  );

const serialDiffers = ({ discrepancyId, serial }: KnownDiscrepancy, wish: Wish): DomainError =>
  new DomainError(
    'invalid',
    'delivery/serial-differs',
    `Discrepancy ${discrepancyId} is about ${serial}, not ${wish.serial}`,
    { discrepancyId, serial },
    '/serial',
  );

const machineNotNamed = (
  { discrepancyId }: KnownDiscrepancy,
  { serial }: { readonly serial?: string },
): DomainError =>
  new DomainError(
    'invalid',
    'delivery/machine-not-named',
    'The machine that comes in needs its serial number and its model',
    { discrepancyId },
    serial ? '/model' : '/serial',
  );
