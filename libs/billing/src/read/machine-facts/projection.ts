import { tableFold, type Projection, type Recorded } from '@hostledger/eventsourcing';
import type { MinerEvent } from '@hostledger/fleet';
import type { MachineFact, MachineFactKind } from '../../domain/machine-facts.js';

/** What a machine's event is to billing; what is not named here changes nothing that is billed. */
const KIND = {
  MinerReceived: 'received',
  MinerInstalled: 'placed',
  MinerRelocated: 'placed',
  MinerUninstalled: 'placed',
  MinerDeparted: 'placed',
  MinerArrived: 'placed',
  MinerSentToVendor: 'placed',
  MinerReturnedFromVendor: 'placed',
  MinerEnergized: 'energized',
  MinerDeenergized: 'deenergized',
  PowerProfileChanged: 'profileChanged',
  ModelCorrected: 'modelCorrected',
  MinerAssigned: 'assigned',
  MinerUnassigned: 'unassigned',
  TitleTransferred: 'titleTransferred',
  RepairOpened: 'repairOpened',
  RepairClosed: 'repairClosed',
  MinerRetired: 'retired',
} as const satisfies Partial<Record<MinerEvent['type'], MachineFactKind>>;

type FactEvent = Extract<MinerEvent, { type: keyof typeof KIND }>;

/** A fact of a machine; a column is null where the fact says nothing of it. */
export interface MachineFactRow {
  readonly serial: string;
  /** Of the event in the log, which orders the facts. */
  readonly position: bigint;
  readonly event_id: string;
  /** In the stream of the machine. */
  readonly revision: number;
  /** When it happened, business time. */
  readonly at: string;
  readonly kind: MachineFactKind;
  readonly contract_id: string | null;
  readonly customer_id: string | null;
  readonly place_kind: NonNullable<MachineFact['placeKind']> | null;
  readonly facility: string | null;
  readonly moved: boolean | null;
  readonly power_watts: number | null;
  readonly hashrate_ghs: number | null;
  readonly cause: string | null;
  readonly curtailment_id: string | null;
}

type Told = Omit<MachineFactRow, 'serial' | 'position' | 'event_id' | 'revision' | 'at' | 'kind'>;

const nothing: Told = {
  contract_id: null,
  customer_id: null,
  place_kind: null,
  facility: null,
  moved: null,
  power_watts: null,
  hashrate_ghs: null,
  cause: null,
  curtailment_id: null,
};

const ofMachine = ({ position, data }: Recorded<FactEvent>) => [{ serial: data.serial, position }];

export const machineFacts = tableFold<MachineFactRow, FactEvent>({
  table: {
    name: 'billing_machine_facts',
    columns: {
      serial: 'text',
      position: 'bigint',
      event_id: 'text',
      revision: 'integer',
      at: 'timestamptz',
      kind: 'text',
      contract_id: 'text',
      customer_id: 'text',
      place_kind: 'text',
      facility: 'text',
      moved: 'boolean',
      power_watts: 'integer',
      hashrate_ghs: 'integer',
      cause: 'text',
      curtailment_id: 'text',
    },
    key: ['serial', 'position'],
    nullable: [
      'contract_id',
      'customer_id',
      'place_kind',
      'facility',
      'moved',
      'power_watts',
      'hashrate_ghs',
      'cause',
      'curtailment_id',
    ],
    // The machines that were ever under, of, at and off for one of these, in the order of the pages.
    indexes: [
      ['contract_id', 'serial', 'position'],
      ['customer_id', 'serial', 'position'],
      ['facility', 'serial', 'position'],
      ['curtailment_id', 'serial', 'position'],
    ],
    insertOnly: true,
  },
  keys: {
    MinerReceived: ofMachine,
    MinerInstalled: ofMachine,
    MinerRelocated: ofMachine,
    MinerUninstalled: ofMachine,
    MinerDeparted: ofMachine,
    MinerArrived: ofMachine,
    MinerSentToVendor: ofMachine,
    MinerReturnedFromVendor: ofMachine,
    MinerEnergized: ofMachine,
    MinerDeenergized: ofMachine,
    PowerProfileChanged: ofMachine,
    // Of a machine that has left nothing is billed any more.
    ModelCorrected: (event) => (event.data.retired ? [] : ofMachine(event)),
    MinerAssigned: ofMachine,
    MinerUnassigned: ofMachine,
    TitleTransferred: ofMachine,
    RepairOpened: ofMachine,
    RepairClosed: ofMachine,
    MinerRetired: ofMachine,
  },
  evolve: (_, event) => ({
    serial: event.data.serial,
    position: event.position,
    event_id: event.id,
    revision: Number(event.revision),
    at: event.metadata.occurredAt,
    kind: KIND[event.type],
    ...nothing,
    ...told(event),
  }),
});

/**
 * A correction of the model counts from when it was made, although the machine was that model all
 * along: until then its rack, its allocation and its contract reckoned with the other watts, and
 * what it was charged by them is undone by an agreement, not by a computation.
 */
const told = (event: Recorded<FactEvent>): Partial<Told> => {
  switch (event.type) {
    case 'MinerReceived': {
      const { contractId, customerId, place, nameplateWatts, ratedHashrateGhs } = event.data;
      return {
        ...{ contract_id: contractId, customer_id: customerId },
        ...{ place_kind: 'storage', facility: place.facility },
        ...{ power_watts: nameplateWatts, hashrate_ghs: ratedHashrateGhs },
      };
    }
    case 'MinerInstalled':
    case 'MinerUninstalled':
      return at(event.data.to);
    case 'MinerRelocated':
      return { ...at(event.data.to), moved: true };
    case 'MinerArrived':
    case 'MinerReturnedFromVendor': {
      const { from, to } = event.data;
      const left = from.kind === 'transit' ? from.from : from.facility;
      return { ...at(to), ...(left !== to.facility && { moved: true }) };
    }
    case 'MinerDeparted':
      return { place_kind: 'transit' };
    case 'MinerSentToVendor':
      return { place_kind: 'vendor' };
    case 'MinerRetired':
      return { place_kind: 'gone' };
    case 'MinerDeenergized':
      return { cause: event.data.cause, curtailment_id: event.data.curtailmentId ?? null };
    case 'PowerProfileChanged':
    case 'ModelCorrected':
      return { power_watts: event.data.powerWatts, hashrate_ghs: event.data.hashrateGhs };
    case 'MinerAssigned':
      return { contract_id: event.data.contractId, customer_id: event.data.customerId };
    // It goes on to be hosted under the seller's contract, until it is assigned to one of the buyer's.
    case 'TitleTransferred':
      return { customer_id: event.data.toCustomerId };
    default:
      return {};
  }
};

const at = ({ kind, facility }: { kind: 'slot' | 'storage'; facility: string }): Partial<Told> => ({
  place_kind: kind,
  facility,
});

export const machineFactsProjection: Projection = {
  name: 'billing_machine_facts',
  version: 2,
  tables: [machineFacts],
};
