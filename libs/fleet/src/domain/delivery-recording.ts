import { DomainError } from '@hostledger/eventsourcing';
import type { DeliveryEvent } from './delivery-events.js';
import { getById } from './delivery-ids.js';
import { evolve, totalsOf, type KnownDelivery, type RegisteredDelivery } from './delivery-state.js';
import { hashrateOf } from './delivery-totals.js';
import { discrepancyIdOf, DISPUTES, type KnownDiscrepancy } from './discrepancy.js';

/** Collects the events of one decision, each decided on what those before it made true. */
export class Recording {
  private readonly events: DeliveryEvent[] = [];
  private readonly before: string;

  constructor(public delivery: RegisteredDelivery) {
    this.before = JSON.stringify(totalsOf(delivery, delivery.status));
  }

  add(event: DeliveryEvent): void {
    this.events.push(event);
    const after = evolve(this.delivery, event);
    if (after.status !== 'unknown') this.delivery = after;
  }

  /** The events, with the numbers after them where they are not what they were. */
  end(at: string): readonly DeliveryEvent[] {
    const totals = totalsOf(this.delivery, this.delivery.status);
    if (JSON.stringify(totals) === this.before) return this.events;
    const { deliveryId, contractId, customerId, facility, reference, lineCount } =
      this.delivery.manifest;
    if (this.delivery.status === 'receiving') {
      return [
        ...this.events,
        { type: 'DeliveryRecounted', data: { deliveryId, contractId, ...totals } },
      ];
    }
    const data = {
      deliveryId,
      contractId,
      customerId,
      facility,
      reference,
      amendment: this.delivery.amendments + 1,
      lines: lineCount,
      hashrateGhs: hashrateOf(totals.byModel),
      amendedAt: at,
      ...totals,
    };
    return [...this.events, { type: 'DeliveryAmended', data }];
  }
}

/** What is or was wrong with the machine of a line. */
export const disputesOf = ({ discrepancies }: KnownDelivery, line: number): KnownDiscrepancy[] =>
  DISPUTES.flatMap((kind) => getById(discrepancies, discrepancyIdOf({ line, kind })) ?? []);

export const alreadySettled = ({ discrepancyId, status, resolution, begun }: KnownDiscrepancy) =>
  new DomainError(
    'conflict',
    'delivery/discrepancy-resolved',
    status === 'resolved'
      ? `Discrepancy ${discrepancyId} was settled as ${resolution}`
      : `Discrepancy ${discrepancyId} is being settled as ${begun?.resolution}`,
    { discrepancyId },
  );
