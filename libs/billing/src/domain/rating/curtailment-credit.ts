import { exact, startOf } from '@hostledger/quantities';
import type { CurtailmentCredit } from '@hostledger/contracts';
import type {
  BillingInputs,
  CurtailmentFact,
  ProgrammeReceipt,
  Source,
  Window,
} from '../inputs.js';
import type { Computation, Rated, Shortcoming } from '../line.js';
import { segmentsOf, type UsageSegment } from '../machine-usage.js';
import { decimal, lineOf, wholeDecimal } from './charge.js';
import { kWh, levelsOf } from './energy.js';
import { byFacility, type Rating, type TermsSlice } from './slice.js';
import { BEGINNING, machineSources } from './sources.js';
import { MS_PER_HOUR, shared, toldWindow } from './windows.js';

/**
 * The customer's part of what curtailments brought: at a rate agreed for each kWh that its machines
 * did not draw, or of what the programme paid. Money of curtailments can exceed that of mining
 * (DOMAIN.md 1.3: Riot, August 2023), so this credit is not bound by what the basis charges.
 */
export const curtailmentCredit: Rating = (slice) => {
  const { curtailmentCredit: credit } = slice.card;
  if (!credit) return { rated: [], shortcomings: [] };
  return credit.creditPerKwh === undefined
    ? receiptCredits(slice, credit, receiptsOf(slice.inputs, slice.window))
    : { rated: agreedCredits(slice, credit, credit.creditPerKwh), shortcomings: [] };
};

/**
 * Of what a programme paid once the contract was over: programmes pay months later, and the customer's
 * part was earned while terms were in force. Those at the beginning of the curtailment decide.
 */
export const creditAfterEnd = (inputs: BillingInputs): Computation => {
  const { endedAt, formerTerms = [], period } = inputs;
  const parts = formerTerms.flatMap((terms) => {
    const { rateCard: card } = terms;
    const credit = card.curtailmentCredit;
    if (!credit || credit.creditPerKwh !== undefined || endedAt === undefined) return [];
    const late = receiptsOf(inputs, { from: endedAt, until: period.until }).filter((receipt) => {
      const at = curtailmentOf(inputs, receipt)?.startsAt;
      // Of one that is not known yet nobody can say; the last terms tell that it is missed.
      return at === undefined ? terms === formerTerms.at(-1) : terms.from <= at && at < terms.until;
    });
    return [receiptCredits({ inputs, terms, card, window: period, part: 1 }, credit, late)];
  });
  return {
    rated: parts.flatMap(({ rated }) => rated),
    shortcomings: parts.flatMap(({ shortcomings }) => shortcomings),
  };
};

const WATT_MS_PER_WH = MS_PER_HOUR;

const isOf =
  ({ curtailmentId }: Pick<CurtailmentFact, 'curtailmentId'>) =>
  (segment: UsageSegment): boolean =>
    !segment.energized && segment.curtailmentId === curtailmentId;

/** Energy that stretches would have taken at rated power within a window. */
const avoided = (segments: readonly UsageSegment[], window: Window): bigint =>
  levelsOf(segments, window).reduce((sum, [watts, ms]) => sum + BigInt(watts) * ms, 0n);

/** A machine is off for a curtailment only if it drew power under its contract at any time before. */
const livesOf = (
  machines: BillingInputs['machines'],
  segments: readonly UsageSegment[],
  { until }: Window,
): Source[] => machineSources({ machines }, segments, { from: BEGINNING, until });

const avoidedStep = (wattMs: bigint, window: Window): string =>
  `off for it within ${toldWindow(window)}: ${decimal(kWh(wattMs))} kWh at rated power`;

const agreedCredits = (
  slice: TermsSlice,
  credit: CurtailmentCredit,
  creditPerKwh: string,
): Rated[] =>
  curtailmentsOf(slice, credit).flatMap((curtailment) => {
    const lasts = { from: curtailment.startsAt, until: curtailment.endedAt ?? slice.window.until };
    const window = shared(lasts, slice.window);
    if (!window) return [];
    const off = slice.segments
      .filter(isOf(curtailment))
      .filter((segment) => shared(segment, window));
    const rate = exact(creditPerKwh).mul(exact(credit.sharePercent)).div(exact(100)).neg();
    return byFacility(off).map(([facility, segments]) => {
      const wattMs = avoided(segments, window);
      return lineOf(slice, {
        component: 'curtailmentCredit',
        facility,
        apart: curtailment.curtailmentId,
        description: `Credit for curtailment (${curtailment.cause}), ${facility}`,
        clauseRef: credit.clauseRef,
        window,
        quantity: kWh(wattMs),
        unit: 'kWh',
        rate: wholeDecimal(rate),
        steps: [
          avoidedStep(wattMs, window),
          `${creditPerKwh} a kWh × ${credit.sharePercent} % = ${wholeDecimal(rate.neg())}`,
        ],
        sources: [...livesOf(slice.inputs.machines, segments, window), ...curtailment.sources],
      });
    });
  });

const curtailmentsOf = ({ inputs }: TermsSlice, { causes }: CurtailmentCredit) =>
  inputs.curtailments
    .filter(({ cause }) => causes.includes(cause))
    .toSorted((one, other) => (one.curtailmentId < other.curtailmentId ? -1 : 1));

/** Receipts of the days of a window, by the day's first instant in the contract's zone. */
const receiptsOf = (inputs: BillingInputs, window: Window): ProgrammeReceipt[] =>
  inputs.receipts
    .filter((receipt) => {
      const at = startOf(inputs.timeZone, receipt.receivedOn);
      return window.from <= at && at < window.until;
    })
    .toSorted((one, other) => (one.receiptId < other.receiptId ? -1 : 1));

/** The terms by which a receipt is shared. */
type Deciding = Pick<TermsSlice, 'inputs' | 'terms' | 'card' | 'window' | 'part'>;

const receiptCredits = (
  slice: Deciding,
  credit: CurtailmentCredit,
  receipts: readonly ProgrammeReceipt[],
): Computation => {
  const { contractId, machines, curtailed } = slice.inputs;
  const lives = curtailed ? new Map([...machines, ...curtailed]) : machines;
  const rated: Rated[] = [];
  const shortcomings: Shortcoming[] = [];
  for (const receipt of receipts) {
    const curtailment = curtailmentOf(slice.inputs, receipt);
    if (curtailment && !credit.causes.includes(curtailment.cause)) continue;
    const window = {
      from: curtailment?.startsAt ?? BEGINNING,
      until: curtailment?.endedAt ?? slice.inputs.period.until,
    };
    const all = offFor(lives, receipt, window);
    const own = all.filter((segment) => segment.contractId === contractId);
    // What a curtailment brought others is none of this contract's business, or of its close.
    if (own.length === 0) continue;
    const lack = lackOf(slice, receipt, curtailment);
    if (curtailment && lack === undefined) {
      rated.push(receiptCredit(slice, credit, { receipt, curtailment, window, lives, all, own }));
    } else shortcomings.push(unattributed(receipt, lack!));
  }
  return { rated, shortcomings };
};

const curtailmentOf = (
  { curtailments }: BillingInputs,
  receipt: ProgrammeReceipt,
): CurtailmentFact | undefined =>
  curtailments.find(({ curtailmentId }) => curtailmentId === receipt.curtailmentId);

/**
 * The stretches in which machines, under whatever contract, were off for a curtailment, which may lie
 * before the period.
 */
const offFor = (
  lives: BillingInputs['machines'],
  paid: Pick<ProgrammeReceipt, 'curtailmentId'>,
  window: Window,
): UsageSegment[] =>
  [...lives.values()]
    .filter((facts) => facts.some((fact) => fact.curtailmentId === paid.curtailmentId))
    .flatMap((facts) => segmentsOf(facts, window).filter(isOf(paid)));

const measured = ({ energyAvoidedWh = 0 }: CurtailmentFact): bigint =>
  BigInt(energyAvoidedWh) * WATT_MS_PER_WH;

/** Why the part of the contract cannot be told, if so. */
const lackOf = (
  { card }: Deciding,
  { curtailmentId, currency }: ProgrammeReceipt,
  curtailment: CurtailmentFact | undefined,
): string | undefined => {
  const named = `is for curtailment ${curtailmentId}, which`;
  if (!curtailment) return `${named} is not known`;
  if (curtailment.endedAt === undefined || measured(curtailment) <= 0n) {
    return `${named} has no measured energy yet`;
  }
  return currency === card.currency
    ? undefined
    : `is in ${currency}, and what the contract owes and is owed is in ${card.currency}`;
};

interface Shed {
  readonly receipt: ProgrammeReceipt;
  readonly curtailment: CurtailmentFact;
  readonly window: Window;
  readonly lives: BillingInputs['machines'];
  /** Stretches of all machines that were off for it, and of those of the contract. */
  readonly all: readonly UsageSegment[];
  readonly own: readonly UsageSegment[];
}

/**
 * What the machines of a contract avoided at rated power, of what was measured; where all machines
 * together avoided more than that, of what they avoided. Every contract reads the same machines, so
 * that all parts together are never more than the receipt; each is rounded down for that. By the first
 * version of the formula it is of what was measured, at most all of it, and rounded half up.
 */
const receiptCredit = (
  slice: Deciding,
  credit: CurtailmentCredit,
  { receipt, curtailment, window, lives, all, own }: Shed,
): Rated => {
  const isFirst = slice.inputs.formula === 1;
  const [whole, ofOwn] = [measured(curtailment), avoided(own, window)];
  const ofAll = isFirst ? 0n : avoided(all, window);
  const isScaled = ofAll > whole;
  const divisor = isScaled ? ofAll : whole;
  // At rated power a contract alone may avoid more than was measured; then by the first formula it is due all.
  const isCapped = isFirst && ofOwn > whole;
  const part = isCapped ? whole : ofOwn;
  const quantity = exact(receipt.amount).mul(exact(part)).div(exact(divisor));
  const told = (wattMs: bigint) => `${decimal(kWh(wattMs))} kWh`;
  const scaled = `all machines that were off for it: ${told(ofAll)}, more than the ${told(whole)} measured`;
  return lineOf(slice, {
    component: 'curtailmentCredit',
    facility: receipt.facility,
    apart: receipt.receiptId,
    description: `Share of what a programme paid (${curtailment.cause}), ${receipt.facility}`,
    clauseRef: credit.clauseRef,
    quantity,
    unit: 'money',
    rate: wholeDecimal(exact(credit.sharePercent).neg()),
    currency: receipt.currency,
    rounding: isFirst ? 'halfUp' : 'down',
    steps: [
      `received ${receipt.amount} ${receipt.currency} on ${receipt.receivedOn}`,
      avoidedStep(ofOwn, window),
      ...(isCapped ? ['more than was measured, so all of it'] : []),
      ...(isScaled ? [scaled] : []),
      `${receipt.amount} × ${told(part)} ÷ ${told(divisor)} ${isScaled ? 'of all machines' : 'measured for all'} = ${decimal(quantity)}`,
    ],
    sources: [
      ...livesOf(lives, isScaled ? all : own, window),
      ...curtailment.sources,
      receipt.source,
    ],
  });
};

const unattributed = ({ receiptId, facility }: ProgrammeReceipt, lack: string): Shortcoming => ({
  code: 'receipt-unattributed',
  detail: `Receipt ${receiptId} ${lack}`,
  facility,
});
