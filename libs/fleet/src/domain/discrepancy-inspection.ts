import { DomainError } from '@hostledger/eventsourcing';
import type { DeliveryEvent } from './delivery-events.js';
import { getById, valuesOf } from './delivery-ids.js';
import { alreadySettled, disputesOf, Recording } from './delivery-recording.js';
import { wasInspected, type KnownDelivery, type RegisteredDelivery } from './delivery-state.js';
import { addTotals, linesOf, type ModelTotal } from './delivery-totals.js';
import {
  discrepancyIdOf,
  hasArrived,
  UNRECEIVED,
  type Discrepancy,
  type KnownDiscrepancy,
} from './discrepancy.js';

/** What was found of one machine. Without a line, none of this delivery was received for it. */
export interface Finding {
  readonly serial: string;
  /** Line of the manifest under which the machine was received. */
  readonly line?: number;
  readonly condition: 'ok' | 'damaged';
  /** As received. */
  readonly machine?: ModelTotal;
  /** The model on its label; equal to that received where nothing is said. */
  readonly found?: ModelTotal;
}

/** Why a finding is not taken; undefined if it is, or if it says nothing new. */
export const findingRefusal = (
  delivery: RegisteredDelivery,
  finding: Finding,
  /** Lines that were not received, by the serial that they name. */
  unreceived: ReadonlyMap<string, KnownDiscrepancy> = unreceivedOf(delivery),
): DomainError | undefined => {
  const { serial, line } = finding;
  const counted = asCounted(delivery, finding);
  if (line === 0) return beyondManifest(serial);
  if (line === undefined) {
    const named = unreceived.get(serial);
    return named && lineNotReceived(named, serial);
  }
  // On its own stream already, while the delivery does not yet know that it came in.
  const coming = UNRECEIVED.map((kind) =>
    getById(delivery.discrepancies, discrepancyIdOf({ line, kind })),
  ).find((known) => known && !hasArrived(known));
  if (coming) return lineNotReceived(coming, serial);
  const disputes = disputesOf(delivery, line);
  if (disputes.some(({ resolution }) => resolution === 'returned')) return sentBack(line, serial);
  const known = raisedBy(counted).map((raised) =>
    getById(delivery.discrepancies, discrepancyIdOf(raised)),
  );
  const settled = known.find((dispute) => dispute?.status === 'resolved');
  if (settled) return alreadySettled(settled);
  const open = disputes.find(({ status }) => status !== 'resolved');
  return known.length === 0 && open ? disputed(open, serial) : undefined;
};

export const unreceivedOf = (delivery: KnownDelivery): Map<string, KnownDiscrepancy> =>
  new Map(
    valuesOf(delivery.discrepancies)
      .filter(({ kind, status }) => isUnreceived(kind) && status !== 'resolved')
      .flatMap((known) => (known.serial === undefined ? [] : [[known.serial, known] as const])),
  );

const isUnreceived = (kind: Discrepancy['kind']): boolean =>
  (UNRECEIVED as readonly string[]).includes(kind);

/** By the delivery, whatever its own stream tells by now: it may be ahead of the delivery. */
const asCounted = (delivery: KnownDelivery, finding: Finding): Finding => {
  const { line = 0 } = finding;
  const wrong = getById(delivery.discrepancies, discrepancyIdOf({ line, kind: 'wrongModel' }));
  const kept = wrong?.resolution === 'accepted' || wrong?.resolution === 'credited';
  const machine = kept ? wrong?.found : wrong?.machine;
  return machine ? { ...finding, machine } : finding;
};

/** The discrepancies that a finding tells of. */
const raisedBy = ({ serial, line, condition, machine, found }: Finding): Discrepancy[] => {
  if (line === undefined) {
    const detail = 'At the dock, and no line of the manifest names it';
    const damaged = condition === 'damaged' ? ({ damaged: true } as const) : {};
    return [{ line: 0, kind: 'unexpected', serial, detail, ...(found && { found }), ...damaged }];
  }
  const about = { line, serial, ...(machine ? { machine } : {}) };
  const raised: Discrepancy[] = [];
  if (condition === 'damaged') raised.push({ ...about, kind: 'damaged', detail: 'Found damaged' });
  if (found && found.model !== machine?.model) {
    const detail = `Received as ${machine?.model ?? 'unknown'} and found to be ${found.model}`;
    raised.push({ ...about, kind: 'wrongModel', detail, found });
  }
  return raised;
};

export interface InspectionData {
  readonly deliveryId: string;
  readonly operationId: string;
  readonly findings: readonly Finding[];
}

/** Takes the findings that are not refused; one that is known already changes nothing. */
export const inspect = (
  { deliveryId, operationId, findings }: InspectionData,
  delivery: RegisteredDelivery,
  at: string,
): readonly DeliveryEvent[] => {
  mustBeCounted(delivery);
  const unreceived = unreceivedOf(delivery);
  const events = new Recording(delivery);
  const good = new Map<number, ModelTotal>();
  for (const told of findings) {
    const finding = asCounted(events.delivery, told);
    const { line, machine } = finding;
    if (findingRefusal(events.delivery, finding, unreceived)) continue;
    const raised = raisedBy(finding);
    for (const discrepancy of raised) {
      if (getById(events.delivery.discrepancies, discrepancyIdOf(discrepancy))) continue;
      events.add({ type: 'DiscrepancyRaised', data: { deliveryId, ...discrepancy } });
      good.delete(discrepancy.line);
    }
    if (raised.length > 0 || line === undefined || !machine) continue;
    if (!wasInspected(events.delivery, line)) good.set(line, machine);
  }
  if (good.size > 0) {
    const byModel = addTotals([...good.values()]);
    const data = { deliveryId, operationId, lines: [...good.keys()], byModel };
    events.add({ type: 'LinesInspected', data });
  }
  return events.end(at);
};

/** Machines cannot be told from those no line names before every line was received. */
export const mustBeCounted = (delivery: RegisteredDelivery): void => {
  const { deliveryId, operationId, lineCount: lines } = delivery.manifest;
  const recorded = linesOf(delivery);
  if (recorded === lines) return;
  throw new DomainError(
    'conflict',
    'delivery/still-receiving',
    `${recorded} of ${lines} lines are accounted for; go on when the operation is complete`,
    { deliveryId, operationId, lines, recorded },
  );
};

// Refusals

const refused = (
  code: string,
  message: string,
  details: Record<string, unknown>,
  pointer?: string,
): DomainError => new DomainError('conflict', code, message, details, pointer);

const beyondManifest = (serial: string): DomainError =>
  refused(
    'delivery/beyond-manifest',
    `Machine ${serial} was taken in beside the manifest, so there is no line to compare it with`,
    { serial },
    '/serial',
  );

const lineNotReceived = ({ discrepancyId, line }: KnownDiscrepancy, serial: string): DomainError =>
  refused(
    'delivery/line-not-received',
    `Line ${line} names ${serial} and was not received; resolve discrepancy ${discrepancyId}`,
    { serial, line, discrepancyId },
    '/serial',
  );

const sentBack = (line: number, serial: string): DomainError =>
  refused('delivery/sent-back', `The machine of line ${line} was sent back`, { serial, line });

const disputed = ({ discrepancyId, line }: KnownDiscrepancy, serial: string): DomainError =>
  refused(
    'delivery/disputed',
    `Line ${line} has a discrepancy; resolve ${discrepancyId} as corrected if it is not so`,
    { serial, line, discrepancyId },
  );
