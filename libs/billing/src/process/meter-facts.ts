import {
  streamName,
  upcast,
  type AggregateStore,
  type RecordedEvent,
} from '@hostledger/eventsourcing';
import { contractAggregate, type ContractEvent } from '@hostledger/contracts';
import { meterAggregate, meterUnknown, type KnownMeter } from '../domain/meter.js';
import { meterMonthAggregate, meterMonthId } from '../domain/meter-month.js';
import { monthAfter, monthOf, monthWindow } from '../domain/meter-months.js';
import type { Reading, ReadingFacts, Readings } from '../domain/meter-readings.js';
import { registerAfter, registerBefore, type RegisterAt } from '../domain/meter-registers.js';

/** Months in which the nearest register is looked for, before and after. */
const MONTHS_AROUND = 12;
/** More than a contract ever has. */
const MAX_CONTRACT_EVENTS = 100_000;

/** What is needed of the log. */
export interface ContractReader {
  readStream(stream: string, from: bigint, maxCount: number): Promise<readonly RecordedEvent[]>;
}

/** @throws DomainError `meter/unknown`. */
export const knownMeter = async (store: AggregateStore, meterId: string): Promise<KnownMeter> => {
  const { state } = await store.load(meterAggregate, meterId, { fresh: true });
  if (state.status === 'unknown') throw meterUnknown(meterId);
  return state;
};

/** What readings of a month are judged with, as other streams say it. */
export const readingFacts = async (
  store: AggregateStore,
  reader: ContractReader,
  meter: KnownMeter,
  asked: { readonly month: string; readonly now: string; readonly withEstimates: boolean },
): Promise<ReadingFacts> => {
  const { month, now, withEstimates } = asked;
  const before = await registerOfEarlier(store, meter, month);
  const after = await registerOfLater(store, meter, month, now);
  return {
    meter,
    month,
    window: monthWindow(meter.timeZone, month),
    estimation: withEstimates ? await estimationOf(reader, meter.contractId) : [],
    ...(before && { before }),
    ...(after && { after }),
  };
};

const tellsRegister = ({ register }: Reading): boolean => register !== undefined;

/** As it stands by the last one told in an earlier month, and what was told since. */
const registerOfEarlier = async (
  store: AggregateStore,
  meter: KnownMeter,
  month: string,
): Promise<RegisterAt | undefined> => {
  const first = monthOf(meter.timeZone, meter.startsAt);
  const since: Reading[] = [];
  for (let back = 1; back <= MONTHS_AROUND; back += 1) {
    const earlier = monthAfter(month, -back);
    if (earlier < first) return undefined;
    const { known } = await monthOfMeter(store, meter.meterId, earlier);
    since.unshift(...known);
    if (known.some(tellsRegister)) return since.reduce(registerAfter, undefined);
  }
  return undefined;
};

/** As it stood by the first one told in a later month, and what was told before. */
const registerOfLater = async (
  store: AggregateStore,
  meter: KnownMeter,
  month: string,
  now: string,
): Promise<RegisterAt | undefined> => {
  const present = monthOf(meter.timeZone, now);
  const until: Reading[] = [];
  for (let ahead = 1; ahead <= MONTHS_AROUND; ahead += 1) {
    const later = monthAfter(month, ahead);
    if (later > present) return undefined;
    const { known } = await monthOfMeter(store, meter.meterId, later);
    const first = known.findIndex(tellsRegister);
    until.push(...(first < 0 ? known : known.slice(0, first + 1)));
    const told = first < 0 ? undefined : known[first]!;
    if (told) {
      const stood = { at: told.until, register: told.register!, exact: true };
      return until.reduceRight(registerBefore, stood);
    }
  }
  return undefined;
};

/** End of the last reading after an instant, if there is one. */
export const readUntil = async (
  store: AggregateStore,
  meter: KnownMeter,
  since: string,
  now: string,
): Promise<string | undefined> => {
  const floor = since > meter.startsAt ? since : meter.startsAt;
  const earliest = monthOf(meter.timeZone, floor);
  for (let month = monthOf(meter.timeZone, now); month >= earliest; month = monthAfter(month, -1)) {
    const { known } = await monthOfMeter(store, meter.meterId, month);
    if (known.length > 0) return known.at(-1)!.until;
  }
  return undefined;
};

const monthOfMeter = async (
  store: AggregateStore,
  meterId: string,
  month: string,
): Promise<Readings> =>
  (await store.load(meterMonthAggregate, meterMonthId(meterId, month), { fresh: true })).state;

/** Whether each version of the terms lets what no meter told be estimated, as corrected. */
const estimationOf = async (
  reader: ContractReader,
  contractId: string,
): Promise<ReadingFacts['estimation']> => {
  const stream = streamName(contractAggregate, contractId);
  const versions = new Map<number, { effectiveOn: string; agreed: boolean }>();
  for (const recorded of await reader.readStream(stream, 0n, MAX_CONTRACT_EVENTS)) {
    const { type, data } = upcast(contractAggregate.upcasters ?? {}, recorded) as ContractEvent;
    if (type !== 'TermsAdopted' && type !== 'TermsCorrected') continue;
    const { version, effectiveOn, rateCard } = data;
    versions.set(version, { effectiveOn, agreed: rateCard.estimation === 'nameplate' });
  }
  return [...versions.values()].sort((a, b) => (a.effectiveOn < b.effectiveOn ? -1 : 1));
};
