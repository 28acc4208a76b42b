import { partiesOfRoom, type PartyRule } from '@hostledger/feed';
import type { FacilityEvent } from './domain/facility.js';
import type { RackEvent } from './domain/rack.js';

/** No stream of its own: what the facility knows of an allocation, for the release of its capacity. */
const allocation = (allocationId: string): string => `allocation-${allocationId}`;

/** The machine that a slot is for; its room keeps whose it is. */
const ofMachine: PartyRule<{ readonly data: { readonly serial: string } }> = {
  of: ({ data }) => [`miner-${data.serial}`],
};

/**
 * A site and its racks are nobody's in particular: capacity is of the contract it is held for, a
 * slot of the machine it is reserved for.
 */
export const sitesParties = partiesOfRoom<FacilityEvent | RackEvent>({
  kept: [],
  rules: {
    CapacityCommitted: {
      sets: ({ data }) => [
        {
          stream: allocation(data.allocationId),
          contract: data.contractId,
          customerOf: `hostingContract-${data.contractId}`,
        },
      ],
    },
    CapacityReleased: { of: ({ data }) => [allocation(data.allocationId)] },
    SlotReserved: ofMachine,
    SlotOccupied: ofMachine,
    ReservationReleased: ofMachine,
    ReservationExpired: ofMachine,
    SlotVacated: ofMachine,
    SlotPowerChanged: ofMachine,
  },
});
