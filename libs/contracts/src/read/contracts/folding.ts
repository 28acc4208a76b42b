import type { DomainEvent } from '@hostledger/eventsourcing';
import type { DeliveredModel } from '../../domain/contract-events.js';

// Shared by the tables of the contracts read model.

/** Fleet's event, of which contracts knows these fields and no more. */
export type ManifestRegistered = DomainEvent<
  'ManifestRegistered',
  {
    contractId: string;
    deliveryId: string;
    lineCount: number;
    announcedByModel?: readonly DeliveredModel[];
  }
>;

interface Power {
  contractId: string;
  ratedHashrateGhs: number;
  powerWatts: number;
}

/** Fleet's events of machines that draw power under a contract, as far as contracts knows them. */
export type PowerEvent =
  | DomainEvent<'MinerEnergized', Power>
  | DomainEvent<'MinerDeenergized', Power>
  | DomainEvent<
      'PowerProfileChanged' | 'ModelCorrected',
      {
        contractId: string;
        energized: boolean;
        fromHashrateGhs: number;
        hashrateGhs: number;
        fromWatts: number;
        powerWatts: number;
      }
    >
  | DomainEvent<
      'MinerAssigned',
      { contractId: string; energized?: Omit<Power, 'contractId'> & { fromContractId: string } }
    >;

/** What an event adds to the machines that draw power, by contract. */
export const energizedBy = (
  event: PowerEvent,
): readonly { contractId: string; units: number; hashrateGhs: number; powerWatts: number }[] => {
  const { contractId } = event.data;
  switch (event.type) {
    case 'MinerEnergized':
    case 'MinerDeenergized': {
      const sign = event.type === 'MinerEnergized' ? 1 : -1;
      const { ratedHashrateGhs, powerWatts } = event.data;
      return [
        {
          contractId,
          units: sign,
          hashrateGhs: sign * ratedHashrateGhs,
          powerWatts: sign * powerWatts,
        },
      ];
    }
    case 'PowerProfileChanged':
    case 'ModelCorrected': {
      const { energized, fromHashrateGhs, hashrateGhs, fromWatts, powerWatts } = event.data;
      if (!energized) return [];
      const change = {
        hashrateGhs: hashrateGhs - fromHashrateGhs,
        powerWatts: powerWatts - fromWatts,
      };
      return [{ contractId, units: 0, ...change }];
    }
    case 'MinerAssigned': {
      if (!event.data.energized) return [];
      const { fromContractId, ratedHashrateGhs: hashrateGhs, powerWatts } = event.data.energized;
      return [
        {
          contractId: fromContractId,
          units: -1,
          hashrateGhs: -hashrateGhs,
          powerWatts: -powerWatts,
        },
        { contractId, units: 1, hashrateGhs, powerWatts },
      ];
    }
  }
};

/** The same key for every event of a contract's stream. */
export const everyContractEvent = <Key>(key: Key) => ({
  ContractDrafted: key,
  ContractExecuted: key,
  TermsAdopted: key,
  TermsCorrected: key,
  ServiceOrderPlaced: key,
  CustomerAllocated: key,
  AllocationAbandoned: key,
  AllocationReduced: key,
  MachinesAssigned: key,
  AssignmentReleased: key,
  MinersDelivered: key,
  DeliveredMinersAmended: key,
  DepositReceived: key,
  DepositDrawn: key,
  DepositRefunded: key,
  RelocationConsented: key,
  RelocationConsentWithdrawn: key,
  ContractActivated: key,
  ServiceSuspended: key,
  ServiceResumed: key,
  TerminationNoticed: key,
  ContractTerminated: key,
  ContractExpired: key,
  ContractAssumed: key,
  ContractRejected: key,
  PartyAssigned: key,
});

export const ofContract = ({ data }: { data: { contractId: string } }) => [
  { contract_id: data.contractId },
];

export const ofOrder = ({ data }: { data: { contractId: string; orderId: string } }) => [
  { contract_id: data.contractId, order_id: data.orderId },
];

export const ofAllocation = ({ data }: { data: { contractId: string; allocationId: string } }) => [
  { contract_id: data.contractId, allocation_id: data.allocationId },
];

export const ofDeposit = ({ data }: { data: { contractId: string; depositId: string } }) => [
  { contract_id: data.contractId, deposit_id: data.depositId },
];

export const nameplateWatts = (byModel: readonly DeliveredModel[]): bigint =>
  byModel.reduce((sum, model) => sum + BigInt(model.nameplateWatts), 0n);
