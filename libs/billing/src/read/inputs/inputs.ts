import { contractAggregate, type ContractEvent } from '@hostledger/contracts';
import type { PriceFixed } from '@hostledger/economics';
import { hashOf, streamName, type RecordedEvent } from '@hostledger/eventsourcing';
import { facilityAggregate, type FacilityEvent } from '@hostledger/sites';
import { FOREVER, sharesReceipts, type BilledContract } from '../../domain/contract-inputs.js';
import {
  circumstancesOf,
  contractUpTo,
  facilitiesOf,
  inputsFrom,
  sharedCurtailments,
  type SharedCurtailments,
  type Told,
} from '../../domain/billing-inputs.js';
import { billingPeriodAggregate, periodId } from '../../domain/billing-period.js';
import type { BillingInputs } from '../../domain/inputs.js';
import type { MachineFact } from '../../domain/machine-facts.js';
import { monthAfter, windowOf } from '../../domain/months.js';
import type { PeriodEvent } from '../../domain/period-events.js';
import { evolve, formulaOf, untouched } from '../../domain/period-state.js';
import type { Formula } from '../../domain/rating/index.js';
import type { InputTools, Late, MachineScope } from './ports.js';

/** The read models are as far as the position within this, or the read fails. */
const READ_WITHIN_MS = 30_000;
/** A read model answers within ten seconds, or not at all; a page of lives takes one or two. */
const MACHINES_A_READ = 5_000;
/** A price holds until the next one; one older than this many months is none any more. */
const PRICE_MONTHS_BACK = 3;

/** A contract as of a position, from which any month of it can be computed. */
export interface ContractInputs {
  readonly contract: BilledContract;
  /** In digits. */
  readonly position: string;
  /**
   * @param formula that of the month where nothing is said: it is computed by one for ever.
   * @throws DomainError `period/formula-unknown`.
   */
  inputsOf(month: string, formula?: Formula): Promise<BillingInputs>;
  /**
   * Whether the month may come to something else than it did as of an earlier position. It may say so of
   * what changes nothing; where it says no, the lines are the same.
   */
  mayHaveChanged(month: string, since: string): Promise<boolean>;
  /**
   * Months in which programmes paid at its sites once it was over, in their order; none where its terms
   * have no part in that.
   */
  paidAfterEnd(): Promise<string[]>;
}

/** The least position that all tables have reached. */
export const presentPosition = async (
  { readModels, facts }: InputTools,
  at: { readonly minPosition?: bigint } = {},
): Promise<string> => {
  const { position } = await readModels.read(at, (db) => facts.touch(db));
  return position.toString();
};

/**
 * Whatever was recorded later than the position does not count. Streams are read once.
 * @throws DomainError `contract/unknown`
 */
export const contractInputs = async (
  tools: InputTools,
  contractId: string,
  position: string,
): Promise<ContractInputs> => {
  const { log, readModels, facts } = tools;
  const last = BigInt(position);
  const events = (await log.readStream(
    streamName(contractAggregate, contractId),
    0n,
  )) as readonly RecordedEvent<ContractEvent>[];
  const contract = contractUpTo(events, position, contractId);
  const { timeZone, currency } = contract;
  const streams = new Map<string, Promise<readonly RecordedEvent[]>>();
  const streamOf = (stream: string): Promise<readonly RecordedEvent[]> => {
    const read = streams.get(stream) ?? log.readStream(stream, 0n);
    streams.set(stream, read);
    return read;
  };
  const siteEvents = async (facilities: readonly string[]) => {
    const sites = new Map<string, readonly RecordedEvent<FacilityEvent>[]>();
    for (const facility of facilities) {
      const read = await streamOf(streamName(facilityAggregate, facility));
      sites.set(facility, read as readonly RecordedEvent<FacilityEvent>[]);
    }
    return sites;
  };
  const priceEvents = async (month: string) => {
    const { until } = windowOf(timeZone, month);
    const months = Array.from({ length: PRICE_MONTHS_BACK + 2 }, (_, back) =>
      monthAfter(until.slice(0, 7), -back),
    );
    const read = await Promise.all(
      months.map((one) => streamOf(`market-price.${currency}.${one}`)),
    );
    return read.flat() as readonly RecordedEvent[] as readonly RecordedEvent<PriceFixed>[];
  };
  const daysOf = (month: string) => ({ from: `${month}-01`, until: `${monthAfter(month)}-01` });

  const at = { minPosition: last, timeoutMs: READ_WITHIN_MS };

  /** Facts are only ever added, so that pages as of one position fit together. */
  const readLives = async (
    scope: MachineScope,
    until: string,
  ): Promise<Map<string, readonly MachineFact[]>> => {
    const known = { until, position: last };
    const machines = new Map<string, readonly MachineFact[]>();
    for (let after: string | undefined; ;) {
      const page = { ...known, limit: MACHINES_A_READ, ...(after !== undefined && { after }) };
      const { value } = await readModels.read(at, async (db) => {
        const serials = await facts.machinesWithin(db, scope, page);
        return { serials, lives: await facts.factsOfMachines(db, serials, known) };
      });
      for (const [serial, life] of value.lives) machines.set(serial, life);
      if (value.serials.length < MACHINES_A_READ) return machines;
      after = value.serials.at(-1);
    }
  };

  const readTold = async (month: string) => {
    const period = windowOf(timeZone, month);
    const machines = await readLives({ contractId }, period.until);
    for (const [serial, life] of machines) {
      // What would have made it one of the contract counts from an instant after the month.
      if (life.every((fact) => fact.contractId !== contractId)) machines.delete(serial);
    }
    return readModels.read(at, async (db) => {
      const { meters, readings } = await facts.meterFactsOf(db, contractId, period, last);
      const facilities = facilitiesOf(contract, { machines, meters });
      const receipts = await facts.receiptsOf(db, facilities, daysOf(month), last);
      return { machines, meters, readings, receipts, facilities };
    });
  };

  /**
   * Lives of all machines that were off for what programmes paid in a month, if any of the contract was:
   * what is paid is shared out among all of them.
   */
  const readCurtailed = async (
    told: Pick<Told, 'contract' | 'facilities' | 'receipts' | 'machines'>,
    month: string,
  ): Promise<Pick<Told, 'curtailed'>> => {
    const wereOffFor = new Set(
      [...told.machines.values()].flatMap((life) => life.map((fact) => fact.curtailmentId)),
    );
    const receipts = told.receipts.filter((one) => wereOffFor.has(one.curtailmentId));
    const shared = sharedCurtailments({ ...told, receipts }, month, position);
    return shared ? { curtailed: await readLives(shared, shared.until) } : {};
  };

  /** Of the last month that was computed; sites of a contract only ever become more. */
  let facilities: readonly string[] | undefined;

  const formulaIn = async (month: string): Promise<Formula> => {
    const events = await streamOf(streamName(billingPeriodAggregate, periodId(contractId, month)));
    const told = events as unknown as readonly PeriodEvent[];
    return formulaOf(told.reduce(evolve, untouched));
  };

  const inputsOf = async (month: string, wanted?: Formula): Promise<BillingInputs> => {
    const formula = wanted ?? (await formulaIn(month));
    const { value } = await readTold(month);
    facilities = [...new Set([...(facilities ?? []), ...value.facilities])].sort();
    const told = {
      ...value,
      ...{ contract, formula },
      facilities: await siteEvents(value.facilities),
      prices: await priceEvents(month),
    };
    // By the first formula machines of others made no difference.
    const curtailed = formula === 1 ? {} : await readCurtailed(told, month);
    return inputsFrom({ ...told, ...curtailed }, month, position);
  };

  /** Machines of whatever contract that were off for curtailments that are shared out. */
  const othersChanged = async (
    { curtailmentIds, until }: SharedCurtailments,
    late: Late,
  ): Promise<boolean> => {
    const { value } = await readModels.read(at, (db) =>
      facts.lateFactsExist(db, { curtailmentIds }, { ...late, until }),
    );
    return value;
  };

  const mayHaveChanged = async (month: string, since: string): Promise<boolean> => {
    const period = windowOf(timeZone, month);
    const late = { until: period.until, after: BigInt(since), position: last };
    // Without having computed a later month nobody knows which sites matter.
    if (!facilities) return true;
    const sites = new Set(facilities);
    const { value } = await readModels.read(at, async (db) => {
      const { meters } = await facts.meterFactsOf(db, contractId, period, last);
      for (const { facility } of meters) sites.add(facility);
      const receiptsLate = { ...late, until: daysOf(month).until };
      const isLate =
        (await facts.lateFactsExist(db, { contractId }, late)) ||
        (await facts.lateReadingsExist(db, contractId, late)) ||
        (await facts.lateReceiptsExist(db, [...sites], receiptsLate));
      return { isLate, receipts: await facts.receiptsOf(db, [...sites], daysOf(month), last) };
    });
    if (value.isLate) return true;
    const told = { facilities: await siteEvents([...sites]), prices: await priceEvents(month) };
    const shared = sharedCurtailments({ ...told, ...value, contract }, month, position);
    if (shared && (await othersChanged(shared, late))) return true;
    const before = contractUpTo(events, since, contractId);
    return (
      hashOf(circumstancesOf({ ...told, contract: before }, month, since)) !==
      hashOf(circumstancesOf({ ...told, contract }, month, position))
    );
  };

  const paidAfterEnd = async (): Promise<string[]> => {
    const { endedOn } = contract;
    if (endedOn === undefined || !sharesReceipts(contract)) return [];
    const month = endedOn.slice(0, 7);
    const sites = facilities ?? (await readTold(month)).value.facilities;
    const days = { from: `${monthAfter(month)}-01`, until: FOREVER.slice(0, 10) };
    const { value } = await readModels.read(at, (db) => facts.receiptsOf(db, sites, days, last));
    return [...new Set(value.map(({ receivedOn }) => receivedOn.slice(0, 7)))].sort();
  };

  return { contract, position, inputsOf, mayHaveChanged, paidAfterEnd };
};
