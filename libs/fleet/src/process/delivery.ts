import {
  deriveId,
  DomainError,
  mapLimited,
  stepOf,
  type AggregateStore,
  type CommandContext,
  type Json,
} from '@hostledger/eventsourcing';
import { contractAggregate } from '@hostledger/contracts';
import {
  operationIdOf,
  startOperation,
  type BulkKind,
  type Chunk,
  type LineRejection,
  type OperationLine,
  type RefusedLine,
} from '@hostledger/operations';
import { mustBeInOperation } from '@hostledger/sites';
import {
  addTotals,
  deliveryAggregate,
  unitsOf,
  type Discrepancy,
  type DiscrepancyKind,
  type ManifestRegistered,
  type ModelTotal,
} from '../domain/delivery.js';
import {
  minerAggregate,
  normaliseSerial,
  type ArrivalCondition,
  type Miner,
} from '../domain/miner.js';
import { minerModel } from '../domain/models.js';
import { reportDelivery } from './report-delivery.js';

/** Of one chunk; the worker has a few chunks under way at once. */
const LINES_IN_FLIGHT = 64;
/** What a discrepancy repeats of somebody's input. */
const MAX_DETAIL_CHARACTERS = 300;

/** A line of a manifest as it is stored and performed. */
export interface ManifestLine {
  readonly serial: string;
  readonly model: string;
  readonly condition: ArrivalCondition | 'missing';
  readonly pallet?: string;
  readonly carton?: string;
  readonly controlBoardSerial?: string;
  readonly mac?: string;
}

export interface Manifest {
  readonly contractId: string;
  readonly facility: string;
  readonly reference: string;
  readonly lines: readonly OperationLine<ManifestLine>[];
  /** At most one a line. */
  readonly rejected: readonly RefusedLine[];
  readonly digest: string;
  /** Hashrate that is owed with this delivery; without it, what the lines announce. */
  readonly contractedHashrateGhs?: number;
}

export interface StartedDelivery {
  readonly deliveryId: string;
  readonly operationId: string;
  readonly revision: bigint;
  readonly position: bigint;
  readonly replayed: boolean;
}

type DeliveryParams = ManifestRegistered['data'];

/**
 * Takes a manifest in: its lines are stored with an operation, which is the intent, and the
 * delivery is opened. The lines are received by the operation.
 * @throws DomainError when there is no such contract or facility, or the contract is not executed.
 */
export const startDelivery = async (
  store: AggregateStore,
  manifest: Manifest,
  context: CommandContext,
): Promise<StartedDelivery> => {
  const { contractId, facility, reference, lines, rejected, digest } = manifest;
  const { contractedHashrateGhs } = manifest;
  const deliveryId = deriveId(context.commandId, 'delivery');
  const { state } = await store.load(deliveryAggregate, deliveryId);
  const customerId =
    state.status === 'unknown'
      ? await mayDeliver(store, contractId, facility, context.at)
      : state.manifest.customerId;
  const params: DeliveryParams = {
    deliveryId,
    operationId: operationIdOf(context),
    contractId,
    customerId,
    facility,
    reference,
    lineCount: lines.length + rejected.length,
    refusedAtUpload: rejected.length,
    digest,
    announcedByModel: addTotals(lines.flatMap(({ value }) => unitOfModel(value.model) ?? [])),
    ...(contractedHashrateGhs === undefined ? {} : { contractedHashrateGhs }),
  };
  const upload = { kind: 'delivery', params, lines, digest, rejected, cancellable: false };
  const started = await startOperation(store, upload, context);
  const position = await registerManifest(store, params, stepOf(context, 'manifest'));
  return { ...started, deliveryId, position };
};

/** One machine of a model in the catalogue. */
export const unitOfModel = (code: string): ModelTotal | undefined => {
  const model = minerModel(code);
  if (!model) return undefined;
  const { ratedHashrateGhs: hashrateGhs, nameplateWatts } = model;
  return { model: model.code, units: 1, hashrateGhs, nameplateWatts };
};

/** Answers whose contract it is. */
const mayDeliver = async (
  store: AggregateStore,
  contractId: string,
  facility: string,
  at: string,
): Promise<string> => {
  await mustBeInOperation(store, facility, '/facility');
  const { state: contract } = await store.load(contractAggregate, contractId, { fresh: true });
  // The contract's own rules, asked before instead of after the work.
  contractAggregate.decide({ type: 'RecordDelivery', data: nothingDelivered, at }, contract);
  if (contract.status === 'unknown') throw new Error('An unknown contract was not refused');
  return contract.customerId;
};

const nothingDelivered = {
  deliveryId: '',
  reference: '',
  facility: '',
  lines: 0,
  received: 0,
  missing: 0,
  refused: 0,
  hashrateGhs: 0,
  byModel: [],
  reconciledAt: '',
};

const registerManifest = async (
  store: AggregateStore,
  params: DeliveryParams,
  context: CommandContext,
): Promise<bigint> => {
  const { deliveryId: id } = params;
  const known = await store.load(deliveryAggregate, id);
  // That of the manifest, whatever was counted since: the same upload is answered the same.
  if (known.state.status !== 'unknown') return known.commands[0]!.position;
  const command = { type: 'RegisterManifest', data: params, at: context.at } as const;
  return (await store.handle(deliveryAggregate, id, command, context)).position;
};

/** Receives the lines of manifests, each miner on a stream of its own. */
export const deliveryKind = (store: AggregateStore): BulkKind<ManifestLine, DeliveryParams> => ({
  kind: 'delivery',
  perform: async (chunk) => {
    const { params, context, lines, refusedAtUpload } = chunk;
    await registerManifest(store, params, stepOf(context, 'manifest'));
    const count = new ChunkCount(refusedAtUpload);
    const barred = await refusalOf(mustBeInOperation(store, params.facility));
    const receiving = { ...context, causationId: context.commandId };
    await mapLimited(lines, LINES_IN_FLIGHT, async (line) => {
      const commandId = deriveId(context.commandId, line.line);
      const own = { ...receiving, commandId };
      if (barred && !(await wasReceived(store, params.deliveryId, line))) {
        count.isBarred(line, barred);
      } else {
        await receiveLine(store, params, line, own, count);
      }
    });
    await store.handle(
      deliveryAggregate,
      params.deliveryId,
      { type: 'RecordLines', data: count.toData(params.deliveryId, chunk), at: context.at },
      stepOf(context, 'counted'),
    );
    return count.rejections;
  },
});

const refusalOf = async (check: Promise<void>): Promise<DomainError | undefined> => {
  try {
    await check;
    return undefined;
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
};

/** By this very line, before its worker died. */
const wasReceived = async (
  store: AggregateStore,
  deliveryId: string,
  { line, value: { serial } }: OperationLine<ManifestLine>,
): Promise<boolean> => {
  const { state } = await store.load(minerAggregate, serial, { fresh: true });
  return state.status !== 'unknown' && state.deliveryId === deliveryId && state.line === line;
};

/**
 * The append at no_stream is what makes a serial number unique, also against a delivery that is
 * being received at this moment.
 */
const receiveLine = async (
  store: AggregateStore,
  { deliveryId, contractId, customerId, facility }: DeliveryParams,
  { line, value: { condition, serial, model, ...labels } }: OperationLine<ManifestLine>,
  context: CommandContext,
  count: ChunkCount,
): Promise<void> => {
  const announced = unitOfModel(model);
  if (condition === 'missing') return count.isMissing(line, serial, announced);
  const data = {
    serial,
    model,
    contractId,
    customerId,
    deliveryId,
    line,
    facility,
    condition,
    ...labels,
  };
  const command = { type: 'ReceiveMiner', data, at: context.at } as const;
  try {
    const { state } = await store.handle(minerAggregate, serial, command, context, {
      assumeNew: true,
    });
    if (state.status === 'unknown') throw new Error(`Miner ${serial} was received and is unknown`);
    count.isReceived(state);
    if (condition === 'damaged') count.isDamaged(line, serial, unitOfMiner(state));
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    count.isRefused(line, serial, error, announced);
  }
};

/** A miner that was received, as one machine of its model. */
export const unitOfMiner = ({
  model,
  ratedHashrateGhs: hashrateGhs,
  powerWatts: nameplateWatts,
}: Exclude<Miner, { readonly status: 'unknown' }>): ModelTotal => ({
  model,
  units: 1,
  hashrateGhs,
  nameplateWatts,
});

const KIND_OF: Readonly<Record<string, DiscrepancyKind>> = {
  'miner/duplicate-serial': 'duplicateSerial',
  'delivery/duplicate-in-manifest': 'duplicateInManifest',
  'model/unknown': 'unknownModel',
};

/** Of a line that was refused for another reason, so that who holds the machine finds it. */
const legibleSerial = (written: Json | undefined) => {
  if (typeof written !== 'string' && typeof written !== 'number') return {};
  const serial = normaliseSerial(String(written));
  return serial === undefined ? {} : { serial };
};

const machineOf = (announced: ModelTotal | undefined) => (announced ? { machine: announced } : {});

/** What the lines of a chunk came to. */
class ChunkCount {
  readonly rejections: LineRejection[] = [];
  private readonly discrepancies: Discrepancy[] = [];
  private received: readonly ModelTotal[] = [];
  private missing = 0;

  constructor(private readonly refusedAtUpload: readonly RefusedLine[]) {
    for (const { line, code, message, fields } of refusedAtUpload) {
      const kind = KIND_OF[code] ?? 'malformed';
      this.note({ line, kind, ...legibleSerial(fields?.serial), detail: message });
    }
  }

  isReceived(miner: Exclude<Miner, { readonly status: 'unknown' }>): void {
    this.received = addTotals(this.received, [unitOfMiner(miner)]);
  }

  isDamaged(line: number, serial: string, machine: ModelTotal): void {
    this.note({ line, serial, kind: 'damaged', detail: 'Received damaged', machine });
  }

  isMissing(line: number, serial: string, announced: ModelTotal | undefined): void {
    this.missing += 1;
    const detail = 'On the manifest and not at the dock';
    this.note({ line, serial, kind: 'missing', detail, ...machineOf(announced) });
  }

  isRefused(
    line: number,
    serial: string,
    { code, message }: DomainError,
    announced: ModelTotal | undefined,
  ): void {
    this.rejections.push({ line, code, message });
    const kind = KIND_OF[code] ?? 'malformed';
    this.note({ line, serial, kind, detail: message, ...machineOf(announced) });
  }

  /** Its facility is disposed of: it does not come in, and may still arrive late elsewhere. */
  isBarred(
    { line, value: { serial, model } }: OperationLine<ManifestLine>,
    { message }: DomainError,
  ): void {
    this.missing += 1;
    const announced = machineOf(unitOfModel(model));
    this.note({ line, serial, kind: 'missing', detail: message, ...announced });
  }

  toData(deliveryId: string, { chunk }: Pick<Chunk<unknown, unknown>, 'chunk'>) {
    return {
      deliveryId,
      chunk,
      received: unitsOf(this.received),
      missing: this.missing,
      refused: this.refusedAtUpload.length + this.rejections.length,
      byModel: this.received,
      discrepancies: this.discrepancies.sort((a, b) => a.line - b.line),
    };
  }

  private note(discrepancy: Discrepancy): void {
    const detail = discrepancy.detail.slice(0, MAX_DETAIL_CHARACTERS);
    this.discrepancies.push({ ...discrepancy, detail });
  }
}

export interface ReconciledDelivery {
  readonly revision: bigint;
  readonly position: bigint;
  readonly replayed: boolean;
  readonly report: Parameters<typeof reportDelivery>[1];
}

/**
 * Closes a delivery whose every line is accounted for, and reports it to the contract. A death in
 * between leaves the report to the process `delivery_reports`.
 */
export const reconcileDelivery = async (
  store: AggregateStore,
  deliveryId: string,
  context: CommandContext,
): Promise<ReconciledDelivery> => {
  const command = { type: 'ReconcileDelivery', data: { deliveryId }, at: context.at } as const;
  const handled = await store.handle(deliveryAggregate, deliveryId, command, context);
  const { state, revision, position, replayed } = handled;
  if (state.status !== 'reconciled') throw new Error(`Delivery ${deliveryId} is not reconciled`);
  const reported = await reportDelivery(store, state.report, context);
  return {
    revision,
    position: reported > position ? reported : position,
    replayed,
    report: state.report,
  };
};
