import { exact, EXACT_ZERO, type Exact } from '@hostledger/quantities';
import type { BillingInputs, MeterFact, ReadingFact, Source, Window } from '../inputs.js';
import type { Shortcoming } from '../line.js';
import type { UsageSegment } from '../machine-usage.js';
import { decimal } from './charge.js';
import { kWh, nameplateEnergy } from './energy.js';
import { drawnAt, NOWHERE, type TermsSlice } from './slice.js';
import { machineSources } from './sources.js';
import { cutAt, lengthOf, MS_PER_HOUR, shared, toldWindow, uncovered } from './windows.js';

/** A quantity that was told or estimated, and how it comes about. */
export interface Told {
  readonly quantity: Exact;
  readonly estimated: boolean;
  readonly steps: readonly string[];
  readonly sources: readonly Source[];
}

/** Time for which nobody told the energy, by a meter or where there is none to read. */
interface Gap {
  readonly window: Window;
  readonly facility: string;
  readonly meter?: MeterFact;
}

type Kind = ReadingFact['kind'];

/** A meter with more readings than these tells their sum only. */
const MOST_READINGS = 10;
const WH_PER_KWH = 1000n;

const ofKind = <T extends { kind: Kind; facility: string }>(
  items: readonly T[],
  kind: Kind,
  facility?: string,
): T[] =>
  items.filter(
    (item) => item.kind === kind && (facility === undefined || item.facility === facility),
  );

/** Sites where the contract has a meter of the kind to read, or a reading of one, in the slice. */
export const meteredFacilities = ({ inputs, window }: TermsSlice, kind: Kind): Set<string> =>
  new Set([
    ...ofKind(inputs.meters, kind).flatMap((meter) =>
      shared(meter.window, window) ? [meter.facility] : [],
    ),
    ...ofKind(inputs.readings, kind).flatMap((reading) =>
      shared(reading, window) ? [reading.facility] : [],
    ),
  ]);

/** Sites that took energy of the contract, by a meter or by machines that drew power there. */
export const energyFacilities = (slice: TermsSlice): string[] =>
  [...new Set([...meteredFacilities(slice, 'energy'), ...drawnAt(slice)])].toSorted();

/** The part of a reading that is in a window, by time: [amount in the unit of the kind, part]. */
export const partOf = (reading: ReadingFact, window: Window): [Exact, Window] | undefined => {
  const part = shared(reading, window);
  if (!part) return undefined;
  const share = exact(lengthOf(part)).div(exact(lengthOf(reading)));
  return [exact(reading.amount).mul(share), part];
};

/** Energy of a site in a window: what meters told, and estimates of it where the terms have them. */
export const meteredEnergy = (slice: TermsSlice, facility: string, window: Window): Told => {
  const read = readEnergy(slice, facility, window);
  if (slice.card.estimation !== 'nameplate') return read;
  const guesses = gapsOf(slice, 'energy', facility).flatMap((gap) => {
    const part = shared(gap.window, window);
    const machines = standingIn(slice, gap);
    if (!part || machines.length === 0) return [];
    const meters = metersIn(slice.inputs, facility, part).map((meter) => meter.window);
    return cutAt(part, meters).map((piece) => guess(slice, gap, machines, piece));
  });
  return {
    quantity: guesses.reduce((sum, { quantity }) => sum.add(quantity), read.quantity),
    estimated: read.estimated || guesses.length > 0,
    steps: [...read.steps, ...guesses.flatMap(({ steps }) => steps)],
    sources: [...read.sources, ...guesses.flatMap(({ sources }) => sources)],
  };
};

/**
 * Stretches of the contract's machines at the site of a gap, meanwhile. Where all are off the
 * estimate is nothing; where there is none the fleet knows nothing of what the meter measures.
 */
const standingIn = ({ segments }: TermsSlice, { facility, window }: Gap): UsageSegment[] =>
  segments.filter((segment) => segment.facility === facility && shared(segment, window));

const readEnergy = ({ inputs }: TermsSlice, facility: string, window: Window): Told => {
  // That there is a meter is why the site is not charged by rated power.
  const sources = metersIn(inputs, facility, window).map(({ source }) => source);
  let count = 0;
  const steps: string[] = [];
  let total = EXACT_ZERO;
  let estimated = false;
  const meters = Map.groupBy(ofKind(inputs.readings, 'energy', facility), (one) => one.meterId);
  for (const [meterId, readings] of [...meters].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    let sum = EXACT_ZERO;
    const each: string[] = [];
    for (const reading of readings.toSorted((a, b) => (a.from < b.from ? -1 : 1))) {
      const [wattHours, part] = partOf(reading, window) ?? [];
      if (!wattHours || !part) continue;
      const energy = wattHours.div(exact(WH_PER_KWH));
      sum = sum.add(energy);
      estimated ||= reading.quality === 'estimated';
      sources.push(reading.source);
      count += 1;
      each.push(readingStep(reading, part, energy));
    }
    if (each.length === 0) continue;
    total = total.add(sum);
    if (each.length <= MOST_READINGS) steps.push(...each);
    else steps.push(`meter ${meterId}: ${each.length} readings, together ${decimal(sum)} kWh`);
  }
  if (count > 1) steps.push(`readings together ${decimal(total)} kWh`);
  return { quantity: total, estimated, steps, sources };
};

const readingStep = (reading: ReadingFact, part: Window, energy: Exact): string => {
  const quality = reading.quality === 'estimated' ? ', estimated' : '';
  const told = `meter ${reading.meterId}, ${toldWindow(reading)}${quality}`;
  const whole = decimal(exact(reading.amount).div(exact(WH_PER_KWH)));
  if (part.from === reading.from && part.until === reading.until) return `${told}: ${whole} kWh`;
  const hours = (window: Window): string =>
    decimal(exact(lengthOf(window)).div(exact(MS_PER_HOUR)));
  return `${told}: ${whole} kWh × ${hours(part)} h of ${hours(reading)} h = ${decimal(energy)} kWh`;
};

/** Energy meters of a site that are to be read within a window. */
const metersIn = ({ meters }: BillingInputs, facility: string, window: Window): MeterFact[] =>
  ofKind(meters, 'energy', facility).filter((meter) => shared(meter.window, window));

/**
 * What machines of the contract at the site are rated at while nobody told. Which machine is behind
 * which meter is not known: of several meters each stands for an equal part.
 * @param machines all that stand there in the gap: the estimate depends on those that are off, too.
 * @param piece of the gap, within which the same meters are to be read.
 */
const guess = (
  slice: TermsSlice,
  { meter, facility }: Gap,
  machines: readonly UsageSegment[],
  piece: Window,
): Told => {
  const energy = nameplateEnergy(slice, machines, piece);
  const beside = metersIn(slice.inputs, facility, piece);
  const meters = meter ? new Set(beside.map(({ meterId }) => meterId)).size : 1;
  const quantity = kWh(energy.wattMs).div(exact(meters));
  const who = meter ? `meter ${meter.meterId}` : 'no meter';
  const idle = energy.steps.length === 0 ? ['no machine drew power: 0 kWh'] : [];
  const share = meters > 1 ? [`÷ ${meters} meters = ${decimal(quantity)} kWh`] : [];
  return {
    quantity,
    estimated: true,
    steps: [
      `${who}, ${toldWindow(piece)}: estimated at rated power`,
      ...energy.steps,
      ...idle,
      ...share,
    ],
    sources: machineSources(slice.inputs, machines, slice.window),
  };
};

/** Where a site is to be metered, and nothing was told: by meter, then where there is no meter. */
const gapsOf = (slice: TermsSlice, kind: Kind, facility?: string): Gap[] => {
  const { inputs, window } = slice;
  const readings = ofKind(inputs.readings, kind, facility);
  const meters = ofKind(inputs.meters, kind, facility);
  const gaps = meters.toSorted(byMeter).flatMap((meter) => {
    const part = shared(meter.window, window);
    const read = readings.filter(({ meterId }) => meterId === meter.meterId);
    const missing = part ? uncovered(part, read) : [];
    return missing.map((gap): Gap => ({ window: gap, facility: meter.facility, meter }));
  });
  const drawing = slice.segments.filter(
    (segment) => segment.energized && (facility === undefined || segment.facility === facility),
  );
  const unmetered = uncovered(window, [...readings, ...meters.map((meter) => meter.window)]);
  for (const gap of unmetered) {
    const first = drawing.find((segment) => shared(segment, gap));
    if (first) gaps.push({ window: gap, facility: first.facility ?? NOWHERE });
  }
  return gaps;
};

const byMeter = (one: MeterFact, other: MeterFact): number => {
  if (one.meterId !== other.meterId) return one.meterId < other.meterId ? -1 : 1;
  return one.window.from < other.window.from ? -1 : 1;
};

/**
 * Gaps that nothing fills: an estimate needs machines of the contract at the site. What was mined is told by an account of a pool, which need not be at each
 * site: it is missing only where no site has one.
 */
export const meterGaps = (slice: TermsSlice, kind: Kind, facility?: string): Shortcoming[] => {
  const estimates = kind === 'energy' && slice.card.estimation === 'nameplate';
  const unfilled = gapsOf(slice, kind, facility).filter(
    (gap) => !estimates || standingIn(slice, gap).length === 0,
  );
  return unfilled.map(({ window, meter, ...gap }) => ({
    code: 'meter-gap',
    detail: meter
      ? `Meter ${meter.meterId} has no reading for ${toldWindow(window)}${
          estimates ? ', and no machine of the contract is there to estimate it by' : ''
        }`
      : `Machines drew power, ${toldWindow(window)}, and no meter tells ${kind}`,
    facility: gap.facility,
    ...(meter && { meterId: meter.meterId }),
    window,
  }));
};
