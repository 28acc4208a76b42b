import { DomainError } from '@hostledger/eventsourcing';
import type { DeliveryEvent, DiscrepancyResolved } from './delivery-events.js';
import { getById } from './delivery-ids.js';
import { alreadySettled, disputesOf, Recording } from './delivery-recording.js';
import type { KnownDelivery, RegisteredDelivery } from './delivery-state.js';
import type { ModelTotal } from './delivery-totals.js';
import {
  discrepancyIdOf,
  handsBack,
  isDispute,
  recounts,
  RESOLUTIONS,
  takesIn,
  UNRECEIVED,
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
  const aboutItself = isItself(resolution) || isDispute(known);
  if (aboutItself && wish.serial && known.serial && wish.serial !== known.serial) {
    return serialDiffers(known, wish);
  }
  const models = isDispute(known) ? modelsOf(known, resolution) : undefined;
  if (wish.model && models && !models.includes(wish.model)) return modelDiffers(known, models);
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

/** What a machine that is disputed may be said to be when it is settled so. */
const modelsOf = ({ kind, machine, found }: KnownDiscrepancy, resolution: Resolution): string[] => {
  const asReceived = machine ? [machine.model] : [];
  const asFound = found ? [found.model] : [];
  if (recounts(kind, resolution)) return asFound;
  return resolution === 'returned' ? [...asReceived, ...asFound] : asReceived;
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
 * Settles what can be settled at once; where the machine itself has to be acted on, that is the
 * intent.
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
    const { kind } = known;
    const named = machineOf(known, wish);
    const serial = isDispute(known) ? known.serial : named.serial;
    const model = recounts(kind, resolution) ? known.found?.model : named.model;
    const acts =
      takesIn(kind, resolution) || handsBack(kind, resolution) || recounts(kind, resolution);
    if (acts && serial && model) {
      const { contractId, customerId, facility } = delivery.manifest;
      const { line } = known;
      const about = { deliveryId, contractId, customerId, facility, line, kind };
      const damaged = known.damaged && takesIn(kind, resolution) ? { damaged: true as const } : {};
      const begun = { ...about, serial, model, ...damaged, ...by };
      events.add({ type: 'ResolutionBegan', data: begun });
    } else {
      events.add(resolvedEvent(events.delivery, known, by));
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
      const own = known.begun?.resolution === begun!.resolution ? known.begun : begun!;
      const { resolution, resolvedBy, reason } = own;
      return { known, by: { discrepancyId: known.discrepancyId, resolution, resolvedBy, reason } };
    });

const resolvedEvent = (
  delivery: KnownDelivery,
  known: KnownDiscrepancy,
  by: ResolutionBy,
): DiscrepancyResolved => {
  const { line, kind, serial, found } = known;
  const waivedHashrateGhs =
    by.resolution === 'credited' ? creditedHashrate(kind, owedOn(delivery, known), found) : 0;
  return {
    type: 'DiscrepancyResolved',
    data: {
      deliveryId: delivery.manifest.deliveryId,
      line,
      kind,
      ...(serial === undefined ? {} : { serial }),
      ...(waivedHashrateGhs > 0 ? { waivedHashrateGhs } : {}),
      ...by,
    },
  };
};

/** What the line announced; a machine that came in its place may have been another model already. */
const owedOn = (
  { discrepancies }: KnownDelivery,
  { line, machine }: KnownDiscrepancy,
): ModelTotal | undefined => {
  const ids = UNRECEIVED.map((kind) => discrepancyIdOf({ line, kind }));
  return ids.map((id) => getById(discrepancies, id)?.machine).find(Boolean) ?? machine;
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

/** What came of a machine that was to be taken in, sent back or taken as another model. */
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
    if (!known?.begun || known.begun.serial !== outcome.serial) continue;
    if (known.status === 'resolved' || !isAwaited(known, outcome)) continue;
    if ('code' in outcome) {
      const { code, detail } = outcome;
      events.add({ type: 'ResolutionFailed', data: { deliveryId, discrepancyId, code, detail } });
      continue;
    }
    const { resolution, resolvedBy, reason, serial } = known.begun;
    if (handsBack(known.kind, resolution)) {
      for (const { known: settled, by } of settledTogether(events.delivery, known)) {
        events.add(resolvedEvent(events.delivery, settled, by));
      }
      continue;
    }
    const by = { discrepancyId, resolution, resolvedBy, reason };
    const { data } = resolvedEvent(events.delivery, { ...known, serial }, by);
    if (recounts(known.kind, resolution)) {
      events.add({ type: 'DiscrepancyResolved', data });
      continue;
    }
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
    events.add(resolvedEvent(events.delivery, seen, explained));
  }
  return events.end(at);
};

/**
 * Of two who act on a machine at once one may be refused by its rack and tell that first; the model
 * that the other one corrected holds all the same.
 */
const isAwaited = ({ status, kind, begun }: KnownDiscrepancy, outcome: Outcome): boolean =>
  status === 'resolving' || (!('code' in outcome) && recounts(kind, begun!.resolution));

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

const modelDiffers = (
  { discrepancyId, serial }: KnownDiscrepancy,
  models: readonly string[],
): DomainError =>
  new DomainError(
    'invalid',
    'delivery/model-differs',
    `The machine of discrepancy ${discrepancyId} is settled so as ${models.join(' or ')}`,
    { discrepancyId, serial, models },
    '/model',
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
