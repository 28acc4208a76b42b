import { DomainError, type AggregateStore, type CommandContext } from '@hostledger/eventsourcing';
import { contractAggregate } from '@hostledger/contracts';
import { dayIn } from '@hostledger/quantities';
import { facilityAggregate, mustBeInOperation } from '@hostledger/sites';
import { meterAggregate, type MeterRegistered } from '../domain/meter.js';
import {
  programmeReceiptsAggregate,
  programmeReceiptsId,
  type CurtailmentStanding,
  type ProgrammeReceiptRecorded,
} from '../domain/programme-receipts.js';
import { knownMeter, readUntil } from './meter-facts.js';

export type NewMeter = Omit<MeterRegistered['data'], 'unit' | 'timeZone'>;

/** @throws DomainError when there is no such contract or facility in operation, or another such meter. */
export const registerMeter = async (
  store: AggregateStore,
  meter: NewMeter,
  context: CommandContext,
) => {
  const { meterId, contractId, facility } = meter;
  const { state: contract } = await store.load(contractAggregate, contractId, { fresh: true });
  if (contract.status === 'unknown') {
    const message = `There is no contract ${contractId}`;
    throw new DomainError('notFound', 'contract/unknown', message, { contractId }, '/contractId');
  }
  const { state } = await store.load(meterAggregate, meterId, { fresh: true });
  if (state.status === 'unknown') await mustBeInOperation(store, facility, '/facility');
  const data = { ...meter, timeZone: contract.timeZone };
  const command = { type: 'RegisterMeter', data, at: context.at } as const;
  return store.handle(meterAggregate, meterId, command, context);
};

/** @throws DomainError where it is unknown, retired or has been read beyond that instant. */
export const retireMeter = async (
  store: AggregateStore,
  { meterId, endsAt, cause }: { meterId: string; endsAt: string; cause: string },
  context: CommandContext,
) => {
  const meter = await knownMeter(store, meterId);
  const until = await readUntil(store, meter, endsAt, context.at);
  const data = { meterId, endsAt, cause, ...(until !== undefined && { readUntil: until }) };
  const command = { type: 'RetireMeter', data, at: context.at } as const;
  return store.handle(meterAggregate, meterId, command, context);
};

export type NewReceipt = Omit<ProgrammeReceiptRecorded['data'], 'month'>;

/** @throws DomainError where the facility has no such curtailment, or something else is recorded. */
export const recordProgrammeReceipt = async (
  store: AggregateStore,
  receipt: NewReceipt,
  context: CommandContext,
) => {
  const { facility, curtailmentId } = receipt;
  const curtailment = await standingOf(store, facility, curtailmentId);
  const data = { ...receipt, curtailment };
  const command = { type: 'RecordProgrammeReceipt', data, at: context.at } as const;
  const id = programmeReceiptsId(facility, curtailmentId);
  return store.handle(programmeReceiptsAggregate, id, command, context);
};

const standingOf = async (
  store: AggregateStore,
  facility: string,
  curtailmentId: string,
): Promise<CurtailmentStanding> => {
  const { state } = await store.load(facilityAggregate, facility, { fresh: true });
  if (state.status === 'unknown') return { is: 'unknown' };
  const known = state.curtailments.get(curtailmentId);
  if (!known) return { is: 'unknown' };
  if (known.cancelled) return { is: 'cancelled' };
  return { is: 'declared', beginsOn: dayIn(state.timeZone, known.startsAt) };
};
