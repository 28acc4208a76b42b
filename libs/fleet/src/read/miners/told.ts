import type { RecordedEvent } from '@hostledger/eventsourcing';
import { sees, type Scope, type Sight } from '@hostledger/http';
import type { MinerEvent } from '../../domain/miner.js';

// What customers are told of the events of their machines, by the properties named here and no other.

const moved = ['serial', 'from', 'to', 'powerWatts'];
const seat = ['serial', 'contractId', 'orderId', 'allocationId', 'powerWatts'];
const power = ['serial', 'contractId', 'place', 'ratedHashrateGhs', 'powerWatts'];

const told: Partial<Record<MinerEvent['type'], readonly string[]>> = {
  MinerReceived: [
    ...['serial', 'model', 'ratedHashrateGhs', 'nameplateWatts', 'contractId', 'customerId'],
    ...['deliveryId', 'line', 'place', 'condition', 'controlBoardSerial', 'mac'],
  ],
  MinerInstalled: moved,
  MinerRelocated: moved,
  MinerDeparted: moved,
  MinerArrived: moved,
  MinerUninstalled: moved,
  MinerAssigned: seat,
  MinerUnassigned: [...seat, 'cause'],
  IdentifierObserved: ['serial', 'kind', 'value'],
  MinerEnergized: power,
  MinerDeenergized: [...power, 'cause', 'curtailmentId'],
  PowerProfileChanged: [
    'serial',
    'contractId',
    'energized',
    'profile',
    'hashrateGhs',
    'powerWatts',
  ],
  ModelCorrected: ['serial', 'fromModel', 'model', 'nameplateWatts', 'hashrateGhs', 'powerWatts'],
  RepairOpened: ['serial', 'repairId', 'fault'],
  MinerSentToVendor: ['serial', 'repairId', 'from'],
  MinerReturnedFromVendor: ['serial', 'repairId', 'to'],
  ComponentSwapped: ['serial', 'repairId', 'component', 'removedSerial', 'fittedSerial'],
  RepairClosed: ['serial', 'repairId', 'outcome'],
  TitleTransferred: ['serial', 'toCustomerId', 'effectiveOn', 'documentDigest'],
  MinerRetired: ['serial', 'from', 'cause'],
};

/** A sale is told to the one who bought. */
const ownersOf = (events: readonly RecordedEvent[]): readonly (string | undefined)[] => {
  let customerId: string | undefined;
  return (events as readonly (RecordedEvent & MinerEvent)[]).map((event) => {
    if (event.type === 'MinerReceived') customerId = event.data.customerId;
    if (event.type === 'TitleTransferred') customerId = event.data.toCustomerId;
    return customerId;
  });
};

export const toldToCustomers: Omit<Sight, 'scope'> = { told, ownersOf };

/** Revision up to which a machine was another's; -1 if it never was. */
export const notOwnUpTo = (events: readonly RecordedEvent[], scope: Scope): number =>
  // The sale itself is the first event of the new owner, and no place.
  ownersOf(events).findLastIndex((owner) => owner === undefined || !sees(scope, owner));
