import { type RecordedView } from '@hostledger/http';
import { type LegKind } from '../../domain/supply-events.js';
import {
  hashrateFigures,
  legFigures,
  priceFigures,
  type HashrateFigures,
} from '../../domain/supply-figures.js';
import type { KnownLeg, KnownLine, KnownSupply } from '../../domain/supply-state.js';
import type { RoundingMode } from '@hostledger/quantities';

export class SupplyPriceView {
  /**
   * What the parties reckoned the legs at: the price.
   * @example "77000000.00"
   */
  face: string;
  /** Of legs whose value is known. */
  valued: string;
  performed: string;
  /** Valued and not performed. */
  remaining: string;
  /** Face of legs that are still to be valued; in no other sum. */
  pendingFace: string;
}

export class SupplyInstalmentView {
  instalment: number;
  dueOn: string;
  /** @example "4100000.00" */
  amount: string;
  paid: string;
}

export class CourtReferenceView {
  court: string;
  caseNumber: string;
  order: string;
}

export class SupplyValuationView {
  valuationId: string;
  valuedOn: string;
  /** @example "5.0208926" */
  pricePerShare: string;
  /** Of face / price per share, to whole shares. */
  rounding: RoundingMode;
  /** @example 10735143 */
  shares: number;
  /** Shares x price per share, as the currency can pay it. */
  value: string;
  /** Face - value. */
  remainder: string;
  documentDigest: string;
  court?: CourtReferenceView;
  /** The valuation that it stands in for. */
  corrects?: string;
}

export class ValuationDueView {
  authority: string;
  dueOn: string;
  status: 'pending' | 'overdue' | 'valued';
  /** The day after it was due, if it passed without. */
  missedOn?: string;
}

export class SupplyLegView {
  leg: number;
  kind: LegKind;
  description: string;
  /** @example "53900000.00" */
  face: string;
  /** Absent while nobody has said what it is worth. */
  valued?: string;
  performed: string;
  /** Valued and not performed. */
  remaining?: string;
  instalments?: SupplyInstalmentView[];
  valuationDue?: ValuationDueView;
  valuation?: SupplyValuationView;
  /** Of equity. */
  sharesIssued?: number;
  /** Of the option by whose exercise it came. */
  option?: number;
}

export class SupplyHashrateView implements HashrateFigures {
  /** contracted + excess = accepted + outstanding + waived, in GH/s. */
  contracted: number;
  accepted: number;
  waived: number;
  outstanding: number;
  /** Accepted beyond what was bought. */
  excess: number;
}

export class LineModelView {
  /** @example S19JXP-151 */
  model: string;
  /** Rated, of one unit. */
  unitHashrateGhs: number;
  /** How many units the line comes to in this model. */
  units: number;
  /** By agreement or supplement, from this day on. */
  fromOn: string;
}

export class AcceptedUnitsView {
  model: string;
  units: number;
}

export class SupplyLineView {
  line: number;
  /** What it may be delivered in; the last is that of the latest supplement. */
  models: LineModelView[];
  pricePerTh?: string;
  /** Of the option by whose exercise it came. */
  option?: number;
  hashrate: SupplyHashrateView;
  acceptedUnits: AcceptedUnitsView[];
}

export class UnmatchedView {
  model: string;
  units: number;
  hashrateGhs: number;
}

export class CallOptionView {
  option: number;
  model: string;
  /** The most that may be bought under it, in GH/s. */
  hashrateGhs: number;
  exercisedHashrateGhs: number;
  pricePerTh: string;
  expiresOn: string;
}

export class CountedDeliveryView {
  deliveryId: string;
  contractId: string;
  acceptedOn: string;
  amendment: number;
  units: number;
  hashrateGhs: number;
  waivedHashrateGhs: number;
}

export class UpgradeProgrammeView {
  programmeId: string;
  reference: string;
  title: string;
  agreedOn: string;
  documentDigest: string;
  units?: number;
}

export class SupplyAgreementView {
  agreementId: string;
  /** @example APA-2023-09-05 */
  reference: string;
  title: string;
  seller: string;
  buyer: string;
  agreedOn: string;
  timeZone: string;
  /** @example USD */
  currency: string;
  status: 'agreed' | 'completed';
  completedOn?: string;
  documentDigest: string;
  price: SupplyPriceView;
  legs: SupplyLegView[];
  hashrate: SupplyHashrateView;
  lines: SupplyLineView[];
  /** Accepted in models that no line may be delivered in. */
  unmatched: UnmatchedView[];
  options: CallOptionView[];
  deliveries: CountedDeliveryView[];
  /** Signed with it. */
  hostingContracts: string[];
  upgradeProgrammes: UpgradeProgrammeView[];
  recordedBy: string;
}

/** An agreement on a day, by what had been recorded. */
export class SupplyAgreementAsOfView extends SupplyAgreementView {
  /** @example 2023-12-31 */
  asOf: string;
  /** The last event that counted. */
  knownAt: RecordedView;
}

export class SupplyAgreementSummary {
  agreementId: string;
  reference: string;
  title: string;
  seller: string;
  buyer: string;
  agreedOn: string;
  status: 'agreed' | 'completed';
  currency: string;
  price: SupplyPriceView;
  hashrate: SupplyHashrateView;
}

export class SupplyAgreementList {
  items: SupplyAgreementSummary[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export const summaryOf = (supply: KnownSupply): SupplyAgreementSummary => {
  const { agreementId, reference, title, seller, buyer, agreedOn, status, currency } = supply;
  return {
    ...{ agreementId, reference, title, seller, buyer, agreedOn, status, currency },
    price: priceFigures(supply),
    hashrate: hashrateFigures(supply).total,
  };
};

/** @param today the day on which a valuation that is missing is pending or overdue. */
export const agreementView = (supply: KnownSupply, today: string): SupplyAgreementView => {
  const { currency, completedOn, timeZone, documentDigest, recordedBy } = supply;
  const { lines, total, unmatched } = hashrateFigures(supply);
  return {
    ...summaryOf(supply),
    ...{ timeZone, documentDigest, recordedBy },
    ...(completedOn !== undefined && { completedOn }),
    legs: supply.legs.map((leg) => legView(leg, currency, today)),
    hashrate: total,
    lines: supply.lines.map((line, index) => lineView(line, lines[index])),
    unmatched: [...unmatched],
    options: supply.options.map(({ unitHashrateGhs: _, ...option }) => option),
    deliveries: supply.deliveries.map(({ byModel, ...delivery }) => ({
      ...delivery,
      units: byModel.reduce((sum, { units }) => sum + units, 0),
      hashrateGhs: byModel.reduce((sum, { hashrateGhs }) => sum + hashrateGhs, 0),
    })),
    hostingContracts: [...supply.hostingContracts],
    upgradeProgrammes: [...supply.upgradeProgrammes],
  };
};

const legView = (leg: KnownLeg, currency: string, today: string): SupplyLegView => {
  const { kind, description, instalments, paid, valuation, valued, sharesIssued, option } = leg;
  return {
    ...{ leg: leg.leg, kind, description },
    ...legFigures(leg, currency),
    ...(instalments && {
      instalments: instalments.map((each, index) => ({ ...each, paid: paid[index] ?? '0.00' })),
    }),
    ...(valuation && { valuationDue: valuationDue(leg, valuation, today), sharesIssued }),
    ...(valued && { valuation: valued }),
    ...(option !== undefined && { option }),
  };
};

const valuationDue = (
  { valued, deadlineMissedOn }: KnownLeg,
  valuation: NonNullable<KnownLeg['valuation']>,
  today: string,
): ValuationDueView => ({
  ...valuation,
  status: valued ? 'valued' : today > valuation.dueOn ? 'overdue' : 'pending',
  // Valued in time and recorded late, it was not missed after all.
  ...(deadlineMissedOn !== undefined &&
    (!valued || valued.valuedOn > valuation.dueOn) && { missedOn: deadlineMissedOn }),
});

type LineFigures = ReturnType<typeof hashrateFigures>['lines'][number];

const lineView = (
  { line, models, pricePerTh, option }: KnownLine,
  figures: LineFigures | undefined,
): SupplyLineView => {
  if (!figures) throw new Error(`Line ${line} was not counted`);
  const { line: _, acceptedUnits, ...hashrate } = figures;
  return {
    line,
    models: [...models],
    ...(pricePerTh !== undefined && { pricePerTh }),
    ...(option !== undefined && { option }),
    hashrate,
    acceptedUnits: [...acceptedUnits],
  };
};
