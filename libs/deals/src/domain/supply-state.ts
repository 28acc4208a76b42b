import { unreachable } from '@hostledger/eventsourcing';
import { amountOf, amountText } from '@hostledger/quantities';
import {
  dayOfSupplyEvent,
  type CallOption,
  type ConsiderationLeg,
  type ConsiderationValued,
  type HashrateAccepted,
  type SupplyAgreed,
  type SupplyEvent,
  type SupplyLine,
  type UpgradeProgrammeAgreed,
} from './supply-events.js';

// The state holds JSON only, so that a read model can keep it and every figure is computed in one
// place, from what is kept or from the events that were known at some time.

export type Valuation = Readonly<Omit<ConsiderationValued['data'], 'agreementId' | 'leg' | 'face'>>;

export interface KnownLeg extends ConsiderationLeg {
  readonly option?: number;
  readonly addedOn: string;
  /** Of cash: what was paid of each instalment, in their order. */
  readonly paid: readonly string[];
  /** Of kinds that are neither cash nor equity. */
  readonly performed: string;
  /** Of equity, once it was valued. */
  readonly valued?: Valuation;
  readonly sharesIssued: number;
  /** The first day on which some were. */
  readonly issuedFromOn?: string;
  /** The day by which it was to be valued passed without. */
  readonly deadlineMissedOn?: string;
}

/** A model that a line may be delivered in; the last one is that of the latest supplement. */
export interface LineModel {
  readonly model: string;
  readonly unitHashrateGhs: number;
  readonly units: number;
  readonly fromOn: string;
}

export interface KnownLine extends Pick<
  SupplyLine,
  'line' | 'contractedHashrateGhs' | 'pricePerTh'
> {
  readonly models: readonly LineModel[];
  readonly waivedHashrateGhs: number;
  readonly option?: number;
  /** Of a line that an option added: who recorded that. */
  readonly recordedBy?: string;
}

export interface KnownOption extends CallOption {
  readonly exercisedHashrateGhs: number;
}

export type CountedDelivery = Readonly<Omit<HashrateAccepted['data'], 'agreementId'>>;

export interface KnownSupply extends Readonly<Omit<SupplyAgreed['data'], 'lines' | 'options'>> {
  readonly status: 'agreed' | 'completed';
  readonly completedOn?: string;
  /** The latest day of anything that was done under it. */
  readonly lastActOn: string;
  readonly lines: readonly KnownLine[];
  readonly options: readonly KnownOption[];
  readonly legs: readonly KnownLeg[];
  /** As each was counted last. */
  readonly deliveries: readonly CountedDelivery[];
  readonly hostingContracts: readonly string[];
  readonly upgradeProgrammes: readonly Readonly<
    Omit<UpgradeProgrammeAgreed['data'], 'agreementId'>
  >[];
}

export type Supply = { readonly status: 'unknown' } | KnownSupply;

const lineOf = ({ line, model, unitHashrateGhs, units, ...rest }: SupplyLine, fromOn: string) => ({
  line,
  ...rest,
  models: [{ model, unitHashrateGhs, units, fromOn }],
  waivedHashrateGhs: 0,
});

export const evolve = (supply: Supply, event: SupplyEvent): Supply => {
  if (event.type === 'SupplyAgreed') {
    const { lines, options, ...agreed } = event.data;
    return {
      status: 'agreed',
      ...agreed,
      lastActOn: agreed.agreedOn,
      lines: lines.map((line) => lineOf(line, agreed.agreedOn)),
      options: options.map((option) => ({ ...option, exercisedHashrateGhs: 0 })),
      legs: [],
      deliveries: [],
      hostingContracts: [],
      upgradeProgrammes: [],
    };
  }
  if (supply.status === 'unknown') return supply;
  const day = dayOfSupplyEvent(event);
  const lastActOn = day > supply.lastActOn ? day : supply.lastActOn;
  return { ...change(supply, event), lastActOn };
};

const change = (supply: KnownSupply, event: Exclude<SupplyEvent, { type: 'SupplyAgreed' }>) => {
  switch (event.type) {
    case 'ConsiderationLegAdded': {
      const { agreementId: _, ...leg } = event.data;
      const paid = (leg.instalments ?? []).map(() => '0.00');
      const added: KnownLeg = { ...leg, paid, performed: '0.00', sharesIssued: 0 };
      return { ...supply, legs: [...supply.legs, added] };
    }
    case 'ValuationPending':
      return supply;
    case 'ValuationDeadlineMissed':
      return onLeg(supply, event.data.leg, () => ({ deadlineMissedOn: event.data.missedOn }));
    case 'ConsiderationValued': {
      const { agreementId: _a, leg, face: _f, ...valued } = event.data;
      return onLeg(supply, leg, () => ({ valued }));
    }
    case 'ValuationReversed':
      return onLeg(supply, event.data.leg, ({ valued }) =>
        valued?.valuationId === event.data.valuationId ? { valued: undefined } : {},
      );
    case 'SharesIssued':
      return onLeg(supply, event.data.leg, ({ sharesIssued, issuedFromOn }) => {
        const { shares, issuedOn } = event.data;
        const isFirst = issuedFromOn === undefined || issuedOn < issuedFromOn;
        return {
          sharesIssued: sharesIssued + shares,
          issuedFromOn: isFirst ? issuedOn : issuedFromOn,
        };
      });
    case 'InstalmentPaid': {
      const { leg, instalment, amount } = event.data;
      return onLeg(supply, leg, ({ paid }) => ({
        paid: paid.map((before, index) =>
          index === instalment - 1 ? plusAmount(before, amount) : before,
        ),
      }));
    }
    case 'ConsiderationPerformed':
      return onLeg(supply, event.data.leg, ({ performed }) => ({
        performed: plusAmount(performed, event.data.amount),
      }));
    case 'ModelSubstituted': {
      const { line, model, unitHashrateGhs, units, effectiveOn: fromOn } = event.data;
      return onLine(supply, line, ({ models }) => ({
        models: [...models, { model, unitHashrateGhs, units, fromOn }],
      }));
    }
    case 'CallOptionExercised': {
      const { option, exercisedOn, line, price, recordedBy } = event.data;
      const { contractedHashrateGhs } = line;
      return {
        ...supply,
        price: plusAmount(supply.price, price),
        lines: [...supply.lines, { ...lineOf(line, exercisedOn), option, recordedBy }],
        options: supply.options.map((each) =>
          each.option === option
            ? { ...each, exercisedHashrateGhs: each.exercisedHashrateGhs + contractedHashrateGhs }
            : each,
        ),
      };
    }
    case 'HashrateAccepted': {
      const { agreementId: _, ...counted } = event.data;
      const others = supply.deliveries.filter(
        ({ deliveryId }) => deliveryId !== counted.deliveryId,
      );
      return { ...supply, deliveries: [...others, counted] };
    }
    case 'HashrateWaived': {
      const { line, hashrateGhs } = event.data;
      return onLine(supply, line, ({ waivedHashrateGhs }) => ({
        waivedHashrateGhs: waivedHashrateGhs + hashrateGhs,
      }));
    }
    case 'HostingContractLinked': {
      const hostingContracts = [...supply.hostingContracts, event.data.contractId];
      return { ...supply, hostingContracts };
    }
    case 'UpgradeProgrammeAgreed': {
      const { agreementId: _, ...programme } = event.data;
      return { ...supply, upgradeProgrammes: [...supply.upgradeProgrammes, programme] };
    }
    case 'SupplyCompleted': {
      const { completedOn } = event.data;
      return { ...supply, status: 'completed' as const, completedOn };
    }
    default:
      return unreachable(event);
  }
};

const onLeg = (
  supply: KnownSupply,
  leg: number,
  by: (leg: KnownLeg) => { readonly [K in keyof KnownLeg]?: KnownLeg[K] | undefined },
): KnownSupply => ({
  ...supply,
  legs: supply.legs.map((each) =>
    each.leg === leg ? withoutAbsent({ ...each, ...by(each) }) : each,
  ),
});

/** What is undefined does not survive JSON, and the state is to. */
const withoutAbsent = (leg: object): KnownLeg =>
  Object.fromEntries(
    Object.entries(leg).filter(([, value]) => value !== undefined),
  ) as unknown as KnownLeg;

const onLine = (
  supply: KnownSupply,
  line: number,
  by: (line: KnownLine) => Partial<KnownLine>,
): KnownSupply => ({
  ...supply,
  lines: supply.lines.map((each) => (each.line === line ? { ...each, ...by(each) } : each)),
});

const plusAmount = (one: string, other: string): string =>
  amountText(amountOf(one) + amountOf(other));
