import { tableFold, type Projection } from '@hostledger/eventsourcing';
import { facilityOf, type ArrivalCondition, type MinerEvent } from '../../domain/miner.js';

/**
 * A miner as it is now. One row is written for every line of a delivery, so it repeats nothing
 * that its delivery says: when, by whom and where it was received.
 */
export interface MinerRow {
  readonly serial: string;
  readonly customer_id: string;
  readonly contract_id: string;
  readonly model: string;
  readonly state: 'stored' | 'installed' | 'inTransit';
  /** Of a machine on the road, the one it goes to. */
  readonly facility: string;
  readonly rack: string | null;
  readonly slot: number | null;
  /** When it came to its place, business time. */
  readonly since: string;
  readonly hashrate_ghs: number;
  readonly power_watts: number;
  readonly condition: ArrivalCondition;
  readonly control_board_serial: string | null;
  readonly mac: string | null;
  readonly delivery_id: string;
  readonly delivery_line: number;
  readonly revision: number;
}

const ofMiner = ({ data }: { data: { serial: string } }) => [{ serial: data.serial }];

export const miners = tableFold<MinerRow, MinerEvent>({
  table: {
    name: 'miners',
    columns: {
      serial: 'text',
      customer_id: 'text',
      contract_id: 'text',
      model: 'text',
      state: 'text',
      facility: 'text',
      rack: 'text',
      slot: 'integer',
      since: 'timestamptz',
      hashrate_ghs: 'integer',
      power_watts: 'integer',
      condition: 'text',
      control_board_serial: 'text',
      mac: 'text',
      delivery_id: 'text',
      delivery_line: 'integer',
      revision: 'integer',
    },
    key: ['serial'],
    nullable: ['rack', 'slot', 'control_board_serial', 'mac'],
    // One per filter, each in the order of the pages.
    indexes: [
      ['customer_id', 'serial'],
      ['contract_id', 'serial'],
      ['facility', 'serial'],
      ['facility', 'rack', 'serial'],
      ['facility', 'model', 'serial'],
      ['model', 'serial'],
    ],
  },
  keys: {
    MinerReceived: ofMiner,
    MinerInstalled: ofMiner,
    MinerRelocated: ofMiner,
    RelocationAbandoned: ofMiner,
    MinerDeparted: ofMiner,
    MinerArrived: ofMiner,
  },
  evolve: (row, event) => {
    const revision = Number(event.revision);
    switch (event.type) {
      case 'MinerReceived': {
        const { data } = event;
        return {
          serial: data.serial,
          customer_id: data.customerId,
          contract_id: data.contractId,
          model: data.model,
          state: 'stored',
          facility: data.place.facility,
          rack: null,
          slot: null,
          since: event.metadata.occurredAt,
          hashrate_ghs: data.ratedHashrateGhs,
          power_watts: data.nameplateWatts,
          condition: data.condition,
          control_board_serial: data.controlBoardSerial ?? null,
          mac: data.mac ?? null,
          delivery_id: data.deliveryId,
          delivery_line: data.line,
          revision,
        };
      }
      case 'MinerInstalled':
      case 'MinerRelocated': {
        const { facility, rack, slot } = event.data.to;
        const since = event.metadata.occurredAt;
        return row && { ...row, state: 'installed', facility, rack, slot, since, revision };
      }
      case 'MinerDeparted':
      case 'MinerArrived': {
        const { to } = event.data;
        const state = to.kind === 'transit' ? 'inTransit' : 'stored';
        const place = { state, facility: facilityOf(to), rack: null, slot: null } as const;
        return row && { ...row, ...place, since: event.metadata.occurredAt, revision };
      }
      case 'RelocationAbandoned':
        return row && { ...row, revision };
    }
  },
});

export const minersProjection: Projection = { name: 'miners', version: 2, tables: [miners] };
