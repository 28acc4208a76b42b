import {
  DomainError,
  hashOf,
  unreachable,
  type Aggregate,
  type DomainCommand,
} from '@hostledger/eventsourcing';
import {
  amountOf,
  amountText,
  dayIn,
  exact,
  placesOf,
  rounded,
  type Exact,
} from '@hostledger/quantities';
import {
  supplyEvents,
  type CallOption,
  type CallOptionExercised,
  type HashrateAccepted,
  type HashrateWaived,
  type HostingContractLinked,
  type ModelSubstituted,
  type SupplyAgreed,
  type SupplyCompleted,
  type SupplyEvent,
  type SupplyLine,
  type UpgradeProgrammeAgreed,
} from './supply-events.js';
import { hashrateFigures } from './supply-figures.js';
import {
  addLegs,
  correctValuation,
  isPerformed,
  issueShares,
  missDeadline,
  payInstalment,
  performLeg,
  value,
  type Issue,
  type NewLeg,
  type NewValuation,
  type Payment,
  type Performance,
  type ValuationCorrection,
} from './supply-legs.js';
import {
  invalid,
  lineOf,
  mustBeKnown,
  mustBeOpen,
  mustBePayable,
  mustHaveCome,
  refused,
} from './supply-refusals.js';
import { evolve, type KnownSupply, type Supply } from './supply-state.js';

// Commands

export type NewAgreement = SupplyAgreed['data'] & { readonly legs: readonly NewLeg[] };
type Substitution = Omit<ModelSubstituted['data'], 'agreementId' | 'fromModel' | 'units'>;
type Exercise = Pick<
  CallOptionExercised['data'],
  'option' | 'exercisedOn' | 'documentDigest' | 'recordedBy'
> & {
  readonly hashrateGhs: number;
  readonly legs: readonly NewLeg[];
};
type Acceptance = Omit<HashrateAccepted['data'], 'agreementId' | 'acceptedOn'> & {
  /** The day from which its numbers count first. */
  readonly firstOn: string;
  /** That of the last amendment, from which it counts if others counted before. */
  readonly amendedOn: string;
};
type Waiver = Omit<HashrateWaived['data'], 'agreementId'>;
type Programme = Omit<UpgradeProgrammeAgreed['data'], 'agreementId'>;

export type SupplyCommand =
  | DomainCommand<'AgreeSupply', NewAgreement>
  | DomainCommand<'PayInstalment', Payment>
  | DomainCommand<'PerformConsideration', Performance>
  | DomainCommand<'ValueConsideration', NewValuation>
  | DomainCommand<'CorrectValuation', ValuationCorrection>
  | DomainCommand<'IssueShares', Issue>
  /** By the clock, once the day is over. */
  | DomainCommand<'MissValuationDeadline', { leg: number }>
  | DomainCommand<'SubstituteModel', Substitution>
  | DomainCommand<'ExerciseOption', Exercise>
  /** Of a delivery; an amendment that is not newer than the one that counts changes nothing. */
  | DomainCommand<'CountAccepted', Acceptance>
  | DomainCommand<'WaiveHashrate', Waiver>
  | DomainCommand<'LinkHostingContract', { contractId: string; linkedOn: string }>
  | DomainCommand<'AgreeUpgradeProgramme', Programme>
  | DomainCommand<'CompleteSupply', { completedOn: string }>;

// Decide

const decide = (command: SupplyCommand, state: Supply): readonly SupplyEvent[] => {
  if (command.type === 'AgreeSupply') return agree(command.data, state, command.at);
  const supply = mustBeKnown(state);
  const today = dayIn(supply.timeZone, command.at);
  switch (command.type) {
    case 'PayInstalment':
      return payInstalment(command.data, supply, today);
    case 'PerformConsideration':
      return performLeg(command.data, supply, today);
    case 'ValueConsideration':
      return value(command.data, supply, today);
    case 'CorrectValuation':
      return correctValuation(command.data, supply, today);
    case 'IssueShares':
      return issueShares(command.data, supply, today);
    case 'MissValuationDeadline':
      return missDeadline(command.data.leg, supply, today);
    case 'SubstituteModel':
      return substitute(command.data, supply, today);
    case 'ExerciseOption':
      return exercise(command.data, supply, today);
    case 'CountAccepted':
      return countAccepted(command.data, supply);
    case 'WaiveHashrate':
      return waive(command.data, supply, today);
    case 'LinkHostingContract':
      return linkContract(command.data, supply, today);
    case 'AgreeUpgradeProgramme':
      return agreeProgramme(command.data, supply, today);
    case 'CompleteSupply':
      return complete(command.data.completedOn, supply, today);
    default:
      return unreachable(command);
  }
};

const agree = (data: NewAgreement, state: Supply, at: string): readonly SupplyEvent[] => {
  const { legs, ...agreed } = data;
  if (state.status !== 'unknown') {
    throw refused('supply/already-agreed', 'The supply agreement is recorded already', {
      agreementId: state.agreementId,
    });
  }
  const today = dayIn(agreed.timeZone, at);
  if (agreed.agreedOn > today) {
    throw refused(
      'supply/act-in-future',
      `It is ${today} where the agreement is, and the act says ${agreed.agreedOn}`,
      { today, day: agreed.agreedOn },
      '/agreedOn',
    );
  }
  mustBePayable(agreed.price, agreed.currency, '/price');
  agreed.lines.forEach((line, index) => mustComeTo(line, `/lines/${index}`));
  agreed.options.forEach((option, index) => mustBeUsable(option, agreed, `/options/${index}`));
  mustCostThePrice(agreed);
  const added = addLegs(agreed, agreed.price, legs, agreed.agreedOn, { legs: 0 });
  return [{ type: 'SupplyAgreed', data: agreed }, ...added];
};

/**
 * Units are contracted hashrate ÷ rating, and the last one may be part of a unit. The contract
 * fixes hashrate; quantity "adjusts automatically" (Bitmain–Cipher future sales and purchase
 * agreement, sec.gov 0000950170-24-095795, ex. 10.2).
 */
const mustComeTo = (line: SupplyLine, pointer: string): void => {
  const { units, unitHashrateGhs, contractedHashrateGhs } = line;
  if (Math.abs(units * unitHashrateGhs - contractedHashrateGhs) < unitHashrateGhs) return;
  throw invalid(
    'supply/units-mismatch',
    `${units} units of ${unitHashrateGhs} GH/s do not come to ${contractedHashrateGhs} GH/s`,
    { units, unitHashrateGhs, contractedHashrateGhs },
    `${pointer}/units`,
  );
};

/** An option that could never be exercised is none. */
const mustBeUsable = (
  { pricePerTh, expiresOn }: CallOption,
  { agreedOn }: SupplyAgreed['data'],
  pointer: string,
): void => {
  if (expiresOn < agreedOn) {
    throw refused(
      'supply/option-expired',
      `The option would expire on ${expiresOn}, before the agreement is made`,
      { expiresOn, agreedOn },
      `${pointer}/expiresOn`,
    );
  }
  if (amountOf(pricePerTh) > 0n) return;
  const message = 'An amount of nothing is no amount';
  throw invalid('supply/amount-nothing', message, { pricePerTh }, `${pointer}/pricePerTh`);
};

const GHS_PER_TH = 1_000;

const costOf = (hashrateGhs: number, pricePerTh: string): Exact =>
  exact(hashrateGhs).div(exact(GHS_PER_TH)).mul(exact(pricePerTh));

/** Where every line says what a TH/s costs, they come to the price. */
const mustCostThePrice = ({ lines, price }: SupplyAgreed['data']): void => {
  const costs = lines.flatMap(({ contractedHashrateGhs, pricePerTh }) =>
    pricePerTh === undefined ? [] : [costOf(contractedHashrateGhs, pricePerTh)],
  );
  if (costs.length < lines.length) return;
  const cost = costs.reduce((sum, each) => sum.add(each));
  if (cost.equals(exact(price))) return;
  throw invalid(
    'supply/lines-unequal-price',
    `The lines cost ${rounded(cost, 4)}, and the price is ${price}`,
    { lines: rounded(cost, 4), price },
    '/price',
  );
};

const substitute = (data: Substitution, supply: KnownSupply, today: string): SupplyEvent[] => {
  mustBeOpen(supply);
  const line = lineOf(supply, data.line);
  mustHaveCome(data.effectiveOn, today, supply, 'effectiveOn');
  const last = line.models.at(-1);
  if (!last) throw new Error('A line without a model');
  if (line.models.some(({ model }) => model === data.model)) {
    throw refused(
      'supply/model-on-line',
      `Line ${data.line} may be delivered in ${data.model} already`,
      { line: data.line, model: data.model },
      '/model',
    );
  }
  if (data.effectiveOn < last.fromOn) {
    throw refused(
      'supply/supplement-not-later',
      `The line is delivered in ${last.model} from ${last.fromOn} on, after ${data.effectiveOn}`,
      { line: data.line, fromOn: last.fromOn },
      '/effectiveOn',
    );
  }
  const units = Math.ceil(line.contractedHashrateGhs / data.unitHashrateGhs);
  const { agreementId } = supply;
  return [
    { type: 'ModelSubstituted', data: { agreementId, fromModel: last.model, units, ...data } },
  ];
};

const exercise = (
  { option: number, exercisedOn, documentDigest, hashrateGhs, legs, recordedBy }: Exercise,
  supply: KnownSupply,
  today: string,
): SupplyEvent[] => {
  mustBeOpen(supply);
  const option = supply.options.find((each) => each.option === number);
  if (!option) {
    throw new DomainError('notFound', 'supply/option-unknown', `There is no option ${number}`, {
      option: number,
    });
  }
  mustHaveCome(exercisedOn, today, supply, 'exercisedOn');
  if (exercisedOn > option.expiresOn) {
    throw refused(
      'supply/option-expired',
      `The option expired on ${option.expiresOn}`,
      { option: number, expiresOn: option.expiresOn },
      '/exercisedOn',
    );
  }
  const open = option.hashrateGhs - option.exercisedHashrateGhs;
  if (hashrateGhs > open) {
    throw refused(
      'supply/option-exceeded',
      `${open} GH/s may still be bought under option ${number}`,
      { option: number, openGhs: open },
      '/hashrateGhs',
    );
  }
  const { agreementId } = supply;
  const { model, unitHashrateGhs, pricePerTh } = option;
  const price = payablePrice(costOf(hashrateGhs, pricePerTh), supply.currency);
  const units = Math.ceil(hashrateGhs / unitHashrateGhs);
  const bought = { contractedHashrateGhs: hashrateGhs, units, pricePerTh };
  const line: SupplyLine = {
    line: supply.lines.length + 1,
    ...{ model, unitHashrateGhs, ...bought },
  };
  const after = { legs: supply.legs.length, option: number };
  return [
    {
      type: 'CallOptionExercised',
      data: { agreementId, option: number, exercisedOn, line, price, documentDigest, recordedBy },
    },
    ...addLegs(supply, price, legs, exercisedOn, after),
  ];
};

/** A price is paid, so whoever buys by the TH/s buys what comes to a payable amount. */
const payablePrice = (cost: Exact, currency: string): string => {
  const price = rounded(cost, placesOf(currency));
  if (exact(price).equals(cost)) return amountText(amountOf(price));
  throw invalid(
    'supply/price-unpayable',
    `So much hashrate does not cost what ${currency} can pay, but about ${price}`,
    { price },
    '/hashrateGhs',
  );
};

const countAccepted = (
  { firstOn, amendedOn, ...data }: Acceptance,
  { agreementId, deliveries }: KnownSupply,
): HashrateAccepted[] => {
  const before = deliveries.find(({ deliveryId }) => deliveryId === data.deliveryId);
  if (before && before.amendment >= data.amendment) return [];
  const acceptedOn = before ? amendedOn : firstOn;
  return [{ type: 'HashrateAccepted', data: { agreementId, ...data, acceptedOn } }];
};

/** Like every write-off by two subjects: who recorded the agreement does not waive what is owed. */
const waive = (data: Waiver, supply: KnownSupply, today: string): HashrateWaived[] => {
  mustBeOpen(supply);
  const { agreementId } = supply;
  const { recordedBy = supply.recordedBy } = lineOf(supply, data.line);
  if (data.waivedBy === recordedBy) {
    throw new DomainError(
      'forbidden',
      'supply/own-waiver',
      `Line ${data.line} was recorded by ${recordedBy}; another subject waives what is owed`,
      { recordedBy },
    );
  }
  mustHaveCome(data.waivedOn, today, supply, 'waivedOn');
  const figures = hashrateFigures(supply).lines.find(({ line }) => line === data.line);
  const outstanding = figures?.outstanding ?? 0;
  if (data.hashrateGhs > outstanding) {
    throw refused(
      'supply/waiver-exceeded',
      `${outstanding} GH/s of line ${data.line} are outstanding`,
      { line: data.line, outstandingGhs: outstanding },
      '/hashrateGhs',
    );
  }
  return [{ type: 'HashrateWaived', data: { agreementId, ...data } }];
};

const linkContract = (
  data: { contractId: string; linkedOn: string },
  supply: KnownSupply,
  today: string,
): HostingContractLinked[] => {
  if (supply.hostingContracts.includes(data.contractId)) return [];
  mustHaveCome(data.linkedOn, today, supply, 'linkedOn');
  return [{ type: 'HostingContractLinked', data: { agreementId: supply.agreementId, ...data } }];
};

const agreeProgramme = (
  data: Programme,
  supply: KnownSupply,
  today: string,
): UpgradeProgrammeAgreed[] => {
  const { agreementId, upgradeProgrammes } = supply;
  mustHaveCome(data.agreedOn, today, supply, 'agreedOn');
  const known = upgradeProgrammes.find(({ reference }) => reference === data.reference);
  if (!known) return [{ type: 'UpgradeProgrammeAgreed', data: { agreementId, ...data } }];
  if (hashOf(known) === hashOf(data)) return [];
  throw refused(
    'supply/programme-known',
    `A programme ${data.reference} is recorded already, with other facts`,
    { reference: data.reference, programmeId: known.programmeId },
    '/reference',
  );
};

const complete = (completedOn: string, supply: KnownSupply, today: string): SupplyCompleted[] => {
  if (supply.status === 'completed') return [];
  mustHaveCome(completedOn, today, supply, 'completedOn');
  if (completedOn < supply.lastActOn) {
    throw refused(
      'supply/completed-before-act',
      `The last act under the agreement was on ${supply.lastActOn}, after ${completedOn}`,
      { lastActOn: supply.lastActOn },
      '/completedOn',
    );
  }
  const { total, unmatched } = hashrateFigures(supply);
  const { outstanding } = total;
  if (outstanding > 0 || unmatched.length > 0) {
    throw refused(
      'supply/hashrate-outstanding',
      unmatched.length > 0
        ? `Accepted machines are on no line: ${unmatched.map(({ model }) => model).join(', ')}`
        : `${outstanding} GH/s are outstanding, neither accepted nor waived`,
      { outstandingGhs: outstanding, unmatched: unmatched.map(({ model }) => model) },
    );
  }
  const open = supply.legs.filter((leg) => !isPerformed(leg, supply)).map(({ leg }) => leg);
  if (open.length > 0) {
    throw refused(
      'supply/legs-open',
      `Legs ${open.join(', ')} of the price are not performed in full`,
      { legs: open },
    );
  }
  return [{ type: 'SupplyCompleted', data: { agreementId: supply.agreementId, completedOn } }];
};

/** A purchase of hashrate: what is owed, what it costs, in which legs, and how far each is. */
export const supplyAggregate: Aggregate<Supply, SupplyCommand, SupplyEvent> = {
  category: 'supplyAgreement',
  initialState: { status: 'unknown' },
  events: supplyEvents,
  decide,
  evolve,
};
