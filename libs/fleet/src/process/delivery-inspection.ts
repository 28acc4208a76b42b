import { mapLimited, stepOf, type AggregateStore } from '@hostledger/eventsourcing';
import type { BulkKind, LineRejection } from '@hostledger/operations';
import { deliveryAggregate, deliveryUnknown, type RegisteredDelivery } from '../domain/delivery.js';
import {
  findingRefusal,
  mustBeCounted,
  unreceivedOf,
  type Finding,
} from '../domain/discrepancy-inspection.js';
import { minerAggregate } from '../domain/miner.js';
import { unitOfMiner, unitOfModel } from './delivery.js';

/** Miners of one chunk that are read at once. */
const READS_IN_FLIGHT = 64;

/** A line of an inspection as it is stored and performed. */
export interface InspectionLine {
  readonly serial: string;
  readonly condition: 'ok' | 'damaged';
  /** Code of the model on the machine's label. */
  readonly model?: string;
}

export interface InspectionParams {
  readonly deliveryId: string;
}

/** @throws DomainError when there is no such delivery. */
export const registeredDelivery = async (
  store: AggregateStore,
  deliveryId: string,
): Promise<RegisteredDelivery> => {
  const { state } = await store.load(deliveryAggregate, deliveryId, { fresh: true });
  if (state.status === 'unknown') throw deliveryUnknown(deliveryId);
  return state;
};

/** @throws DomainError when lines of the delivery are still being received. */
export const mayInspect = async (store: AggregateStore, deliveryId: string): Promise<void> =>
  mustBeCounted(await registeredDelivery(store, deliveryId));

/** Compares what stands at the dock with what was received; what differs becomes a discrepancy. */
export const inspectionKind = (
  store: AggregateStore,
): BulkKind<InspectionLine, InspectionParams> => ({
  kind: 'deliveryInspection',
  perform: async ({ operationId, params: { deliveryId }, lines, context }) => {
    const told = await mapLimited(lines, READS_IN_FLIGHT, async ({ line, value }) => ({
      line,
      finding: await findingOf(store, deliveryId, value),
    }));
    const findings = told.map(({ finding }) => finding);
    if (findings.length === 0) return [];
    const { state } = await store.handle(
      deliveryAggregate,
      deliveryId,
      { type: 'RecordInspection', data: { deliveryId, operationId, findings }, at: context.at },
      stepOf(context, 'inspected'),
    );
    if (state.status === 'unknown') throw deliveryUnknown(deliveryId);
    const unreceived = unreceivedOf(state);
    return told.flatMap(({ line, finding }): LineRejection[] => {
      const refusal = findingRefusal(state, finding, unreceived);
      return refusal ? [{ line, code: refusal.code, message: refusal.message }] : [];
    });
  },
});

const findingOf = async (
  store: AggregateStore,
  deliveryId: string,
  { serial, condition, model }: InspectionLine,
): Promise<Finding> => {
  const found = model === undefined ? undefined : unitOfModel(model);
  const about = { serial, condition, ...(found ? { found } : {}) };
  const { state: miner } = await store.load(minerAggregate, serial);
  return miner.status === 'unknown' || miner.deliveryId !== deliveryId
    ? about
    : { ...about, line: miner.line, machine: unitOfModel(miner.model) ?? unitOfMiner(miner) };
};
