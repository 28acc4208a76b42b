import type { Recorded, RecordedEvent } from '@hostledger/eventsourcing';
import { amountOf } from '@hostledger/quantities';
import type { FacilityEvent } from '@hostledger/sites';
import type {
  ContractEvent,
  DeliveredMinersAmended,
  MinersDelivered,
  TermsAdopted,
} from '../domain/contract-events.js';
import { lifecycleDay, type LifecycleEvent, type Stage } from '../domain/lifecycle.js';

// What a log tells of contracts and of the capacity they hold at sites, kept in the plainest way:
// every fact is listed, and every rule is checked by summing the lists anew.

interface Amount {
  readonly units: number;
  readonly powerWatts: number;
}
type Change = Amount & { readonly allocationId: string };

export const sumOf = (amounts: readonly Amount[]): Amount => ({
  units: amounts.reduce((sum, { units }) => sum + units, 0),
  powerWatts: amounts.reduce((sum, { powerWatts }) => sum + powerWatts, 0),
});
const negative = ({ units, powerWatts }: Amount): Amount => ({
  units: -units,
  powerWatts: -powerWatts,
});
const fits = (part: Amount, whole: Amount): boolean =>
  part.units <= whole.units && part.powerWatts <= whole.powerWatts;
const isNegative = ({ units, powerWatts }: Amount): boolean => units < 0 || powerWatts < 0;

/** What was reported of a delivery on a day; the last report by a day holds. */
interface Report extends Amount {
  readonly hashrateGhs: number;
  readonly on: string;
}

type Said = Pick<TermsAdopted['data'], 'effectiveOn' | 'caps' | 'requiredDeposit' | 'termEndsOn'>;

const STAGE_AFTER: Partial<Record<LifecycleEvent['type'], Stage>> = {
  ContractActivated: 'active',
  ServiceSuspended: 'suspended',
  ServiceResumed: 'active',
  ContractTerminated: 'terminated',
  ContractExpired: 'expired',
  ContractRejected: 'rejected',
};

class Book {
  private readonly terms: Said[] = [];
  private readonly orders = new Map<string, Amount & { startsOn: string; basis: string }>();
  private readonly allocated: (Change & { orderId: string; on: string })[] = [];
  private readonly assigned: (Change & { assignmentId: string })[] = [];
  private readonly deposits = new Map<string, { receivedOn: string; held: bigint }>();
  private readonly payments: { on: string; amount: bigint }[] = [];
  private readonly reports = new Map<string, Report[]>();
  private readonly acts: LifecycleEvent[] = [];
  private customerId = '';
  private timeZone = '';
  private readonly abandoned = new Set<string>();
  private executedOn = '';
  private suspended = false;
  private noticed = false;
  private ended = false;
  private lastActOn = '';

  enter(event: ContractEvent): string[] {
    const faults = this.note(event).filter((fault) => fault !== '');
    return [...faults, ...this.faults()];
  }

  leftOf(allocationId: string): Amount {
    return sumOf(this.allocated.filter((change) => change.allocationId === allocationId));
  }

  /** What was true on a day; compare it with what the contract says of that day. */
  onDay(day: string) {
    const by = ({ on }: { readonly on: string }) => on <= day;
    const orders = [...this.orders.values()].filter(({ startsOn }) => startsOn <= day);
    const reports = [...this.reports.values()].flatMap((of) => of.filter(by).slice(-1));
    const { units, powerWatts } = sumOf(reports);
    const held = this.payments.filter(by).reduce((sum, { amount }) => sum + amount, 0n);
    const acts = this.acts.filter((act) => lifecycleDay(act).day <= day);
    const passed = acts.filter((act) => act.type === 'PartyAssigned').at(-1);
    const noticed = acts.filter((act) => act.type === 'TerminationNoticed').at(-1);
    const assumed = acts.filter((act) => act.type === 'ContractAssumed').at(-1);
    const stages = acts.flatMap(({ type }) => STAGE_AFTER[type] ?? []);
    return {
      customerId: passed?.data.toCustomerId ?? this.customerId,
      stage: this.isExecutedOn(day) ? (stages.at(-1) ?? 'executed') : 'drafted',
      endsOn: noticed?.data.effectiveOn,
      assumedOn: assumed?.data.assumedOn,
      termsFrom: this.terms.filter(({ effectiveOn }) => effectiveOn <= day).at(-1)?.effectiveOn,
      ordered: sumOf(orders),
      allocated: sumOf(this.allocated.filter(by)),
      delivered: {
        units,
        powerWatts,
        hashrateGhs: reports.reduce((sum, { hashrateGhs }) => sum + hashrateGhs, 0),
      },
      depositHeld: held,
    };
  }

  private isExecutedOn(day: string): boolean {
    return this.executedOn !== '' && this.executedOn <= day;
  }

  private report(
    { deliveryId, byModel, hashrateGhs }: MinersDelivered['data'] | DeliveredMinersAmended['data'],
    instant: string,
  ): string[] {
    const on = new Date(instant).toLocaleDateString('sv-SE', { timeZone: this.timeZone });
    const machines = sumOf(byModel.map((of) => ({ ...of, powerWatts: of.nameplateWatts })));
    entry(this.reports, deliveryId, () => []).push({ ...machines, hashrateGhs, on });
    return [];
  }

  gaveUp(allocationId: string): boolean {
    return this.abandoned.has(allocationId);
  }

  /** What is wrong about the event itself. */
  private note(event: ContractEvent): string[] {
    switch (event.type) {
      case 'ContractExecuted':
        this.executedOn = event.data.executedOn;
        this.lastActOn = event.data.executedOn;
        return [];
      case 'TermsAdopted':
        this.terms.push(event.data);
        return [
          event.data.version === this.terms.length ? '' : 'a version is left out or twice there',
          this.ended ? 'the contract has ended' : '',
        ];
      case 'TermsCorrected': {
        const { version, effectiveOn } = event.data;
        const moved = this.terms[version - 1]?.effectiveOn !== effectiveOn;
        this.terms[version - 1] = event.data;
        return [moved ? 'the version was moved' : ''];
      }
      case 'ServiceOrderPlaced': {
        const { orderId, basis = 'units', ...order } = event.data;
        const twice = this.orders.has(orderId) ? 'ordered twice' : '';
        this.orders.set(orderId, { ...order, basis });
        return [this.standing(), twice];
      }
      case 'CustomerAllocated': {
        const { allocationId, effectiveOn: on } = event.data;
        const known = this.allocated.some((change) => change.allocationId === allocationId);
        this.allocated.push({ ...event.data, on });
        const over = known || this.gaveUp(allocationId);
        const { termEndsOn = '9999' } = this.terms.filter((terms) => terms.termEndsOn).at(-1) ?? {};
        return [
          this.standing(),
          over ? 'made twice, or given up before' : '',
          on > termEndsOn ? 'the term is over' : '',
        ];
      }
      case 'AllocationAbandoned': {
        const { allocationId } = event.data;
        this.abandoned.add(allocationId);
        const made = this.allocated.some((change) => change.allocationId === allocationId);
        return [made ? 'it had been made' : ''];
      }
      case 'AllocationReduced':
        this.allocated.push({
          ...event.data,
          ...negative(event.data),
          on: event.data.effectiveOn,
        });
        return [];
      case 'MachinesAssigned':
        this.assigned.push(event.data);
        return [this.standing()];
      case 'AssignmentReleased':
        this.assigned.push({ ...event.data, ...negative(event.data) });
        return [];
      case 'DepositReceived':
        this.pay(event.data.receivedOn, amountOf(event.data.amount));
        this.deposits.set(event.data.depositId, {
          receivedOn: event.data.receivedOn,
          held: amountOf(event.data.amount),
        });
        return [this.ended ? 'the contract has ended' : ''];
      case 'DepositDrawn':
      case 'DepositRefunded': {
        const { depositId, amount } = event.data;
        this.deposits.get(depositId)!.held -= amountOf(amount);
        const on = event.type === 'DepositDrawn' ? event.data.drawnOn : event.data.refundedOn;
        this.pay(on, -amountOf(amount));
        return [];
      }
      case 'ContractDrafted':
        this.customerId = event.data.customerId;
        this.timeZone = event.data.timeZone;
        return [];
      case 'MinersDelivered': {
        const twice = this.reports.has(event.data.deliveryId) ? 'reported twice' : '';
        return [twice, ...this.report(event.data, event.data.reconciledAt)];
      }
      case 'DeliveredMinersAmended':
        return this.report(event.data, event.data.amendedAt);
      case 'RelocationConsented':
      case 'RelocationConsentWithdrawn':
        return [];
      default:
        return this.live(event);
    }
  }

  private pay(on: string, amount: bigint): void {
    this.payments.push({ on, amount });
  }

  private live(event: LifecycleEvent): string[] {
    this.acts.push(event);
    const over = this.ended ? 'the contract has ended' : '';
    const { day } = lifecycleDay(event);
    const back = day < this.lastActOn ? 'it was before the last act' : '';
    this.lastActOn = day;
    const stood = this.suspended;
    if (event.type === 'ServiceSuspended') this.suspended = true;
    if (event.type === 'ServiceResumed') this.suspended = false;
    if (event.type === 'TerminationNoticed') this.noticed = true;
    if (['ContractTerminated', 'ContractExpired', 'ContractRejected'].includes(event.type)) {
      this.ended = true;
    }
    const again = event.type === 'ServiceResumed' && !stood ? 'it was not suspended' : '';
    const begins = ['ContractActivated', 'ServiceResumed'].includes(event.type);
    return [over, back, again, begins && !this.isSecured(day) ? 'the deposit is not held' : ''];
  }

  private isSecured(day: string): boolean {
    const { requiredDeposit = '0' } =
      this.terms.filter(({ effectiveOn }) => effectiveOn <= day).at(-1) ?? {};
    const held = [...this.deposits.values()].filter(({ receivedOn }) => receivedOn <= day);
    return held.reduce((sum, deposit) => sum + deposit.held, 0n) >= amountOf(requiredDeposit);
  }

  private standing(): string {
    return this.suspended || this.noticed || this.ended ? 'nothing new may begin' : '';
  }

  /** What is wrong by all that was told so far. */
  private faults(): string[] {
    return [
      ...this.termFaults(),
      ...this.orderFaults(),
      ...this.allocationFaults(),
      ...[...this.deposits]
        .filter(([, { held }]) => held < 0n)
        .map(([depositId]) => `${depositId} is below nothing`),
    ];
  }

  private termFaults(): string[] {
    const days = this.terms.map(({ effectiveOn }) => effectiveOn);
    const inOrder = days.every((on, n) => n === 0 || days[n - 1]! < on);
    const covered = this.executedOn === '' || (days[0] ?? '9999') <= this.executedOn;
    return inOrder && covered ? [] : [`terms of ${days.join()} leave a gap or overlap`];
  }

  private orderFaults(): string[] {
    return this.terms.flatMap(({ caps }, index) => {
      const until = this.terms[index + 1]?.effectiveOn ?? '9999';
      const running = [...this.orders.values()].filter(({ startsOn }) => startsOn < until);
      const { units = Infinity, powerWatts = Infinity } = caps ?? {};
      return fits(sumOf(running), { units, powerWatts })
        ? []
        : [`more is ordered than version ${index + 1} of the terms allows`];
    });
  }

  private allocationFaults(): string[] {
    const days = new Set(this.allocated.map(({ on }) => on));
    const overOrder = [...this.orders].flatMap(([orderId, { startsOn, basis, ...whole }]) => {
      const orderedOn = (day: string): Amount =>
        day < startsOn
          ? { units: 0, powerWatts: 0 }
          : { ...whole, units: basis === 'units' ? whole.units : Infinity };
      const changes = this.allocated.filter((change) => change.orderId === orderId);
      return [...days]
        .filter((day) => !fits(sumOf(changes.filter(({ on }) => on <= day)), orderedOn(day)))
        .map((day) => `more is allocated than ordered by ${orderId} on ${day}`);
    });
    const overCap = this.terms.flatMap(({ caps, effectiveOn }, index) => {
      const until = this.terms[index + 1]?.effectiveOn ?? '9999';
      const most = { units: caps?.units ?? Infinity, powerWatts: Infinity };
      return [...days, effectiveOn]
        .filter((day) => day >= effectiveOn && day < until)
        .filter((day) => !fits(sumOf(this.allocated.filter(({ on }) => on <= day)), most))
        .map((day) => `more is allocated on ${day} than version ${index + 1} of the terms allows`);
    });
    const ids = new Set(this.allocated.map(({ allocationId }) => allocationId));
    const overAllocation = [...ids].flatMap((allocationId) => {
      const left = this.leftOf(allocationId);
      const taken = sumOf(this.assigned.filter((change) => change.allocationId === allocationId));
      const sound = !isNegative(left) && !isNegative(taken) && fits(taken, left);
      return sound ? [] : [`${allocationId} holds ${left.units}, assigned ${taken.units}`];
    });
    return [...overOrder, ...overCap, ...overAllocation];
  }
}

class Site {
  private readonly commitments: Change[] = [];
  private readonly reductions = new Set<string>();
  private envelopeWatts = 0;

  enter(event: FacilityEvent, books: readonly Book[]): string[] {
    const faults = this.note(event, books).filter((fault) => fault !== '');
    const held = sumOf(this.commitments);
    return held.powerWatts <= this.envelopeWatts
      ? faults
      : [...faults, `${held.powerWatts} W are held of ${this.envelopeWatts} W`];
  }

  heldFor(allocationId: string): Amount {
    return sumOf(this.commitments.filter((change) => change.allocationId === allocationId));
  }

  private note(event: FacilityEvent, books: readonly Book[]): string[] {
    switch (event.type) {
      case 'FacilityOpened':
      case 'PowerEnvelopeChanged':
        this.envelopeWatts = event.data.powerEnvelopeWatts;
        return [];
      case 'CapacityCommitted': {
        const { allocationId } = event.data;
        const known = this.commitments.some((change) => change.allocationId === allocationId);
        this.commitments.push(event.data);
        return [known ? 'held a second time' : ''];
      }
      case 'CapacityReleased': {
        const { allocationId, reductionId } = event.data;
        this.commitments.push({ ...event.data, ...negative(event.data) });
        if (reductionId === undefined) {
          const givenUp = books.some((book) => book.gaveUp(allocationId));
          return [givenUp ? '' : 'free again before the allocation was given up'];
        }
        const twice = this.reductions.has(reductionId);
        this.reductions.add(reductionId);
        const before = isNegative(this.heldFor(allocationId));
        return [twice ? 'freed twice' : '', before ? 'more is free than was held' : ''];
      }
      default:
        return [];
    }
  }
}

/** Contracts and sites as the log tells of them, and where it breaks a rule. */
export const booksOf = (log: readonly RecordedEvent[]) => {
  const books = new Map<string, Book>();
  const sites = new Map<string, Site>();
  const faults: string[] = [];
  for (const event of log as Recorded<ContractEvent | FacilityEvent>[]) {
    const [category, id] = partsOf(event.stream);
    if (category === 'commandKey') continue;
    const found =
      category === 'facility'
        ? entry(sites, id, () => new Site()).enter(event as FacilityEvent, [...books.values()])
        : entry(books, id, () => new Book()).enter(event as ContractEvent);
    faults.push(
      ...found.map((fault) => `${id} ${event.type} ${JSON.stringify(event.data)}: ${fault}`),
    );
  }
  return { books, sites, faults };
};

const partsOf = (stream: string): [string, string] => {
  const dash = stream.indexOf('-');
  return [stream.slice(0, dash), stream.slice(dash + 1)];
};

const entry = <Value>(map: Map<string, Value>, key: string, make: () => Value): Value => {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
};
