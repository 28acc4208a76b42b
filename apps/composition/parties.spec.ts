import type { RecordedEvent } from '@hostledger/eventsourcing';
import type { ContractEvent } from '@hostledger/contracts';
import type { ClaimEvent, ClearanceEvent, SettlementEvent } from '@hostledger/deals';
import { PartiesQuery, type Parties } from '@hostledger/feed';
import type { MinerEvent } from '@hostledger/fleet';
import type { FacilityEvent, RackEvent } from '@hostledger/sites';
import { readModelsOf, recorded } from '@hostledger/testing';
import { feedParties, partyRules } from './rooms.js';

type Told =
  | ContractEvent
  | MinerEvent
  | FacilityEvent
  | RackEvent
  | SettlementEvent
  | ClaimEvent
  | ClearanceEvent;

/** Only what parties depend on; the rest of the data of these events is left out. */
const told = <T extends Told['type']>(stream: string, type: T, data: object): RecordedEvent => {
  const [event] = recorded(stream, [{ type, data }]);
  return event!;
};
const ofMiner = (type: MinerEvent['type'], data: object = {}): RecordedEvent =>
  told('miner-A1', type, { serial: 'A1', ...data });
const ofContract = (type: ContractEvent['type'], data: object = {}): RecordedEvent =>
  told('hostingContract-c1', type, { contractId: 'c1', ...data });

/** Each event with the contracts and the customers that it concerns. */
const HISTORY: readonly (readonly [RecordedEvent, readonly string[], readonly string[]])[] = [
  [ofContract('ContractDrafted', { customerId: 'ann' }), ['c1'], ['ann']],
  [ofContract('ContractExecuted'), ['c1'], ['ann']],
  [
    told('facility-F', 'CapacityCommitted', {
      ...{ facility: 'F', allocationId: 'a1', contractId: 'c1', customerId: 'ann' },
    }),
    ['c1'],
    ['ann'],
  ],
  [told('facility-F', 'PowerEnvelopeChanged', { facility: 'F' }), [], []],
  [told('rack-F.R1', 'SlotReserved', { serial: 'A1' }), [], []],
  [ofMiner('MinerReceived', { contractId: 'c1', customerId: 'ann' }), ['c1'], ['ann']],
  [told('rack-F.R1', 'SlotOccupied', { serial: 'A1' }), ['c1'], ['ann']],
  [ofMiner('MinerInstalled', { customerId: 'ann' }), ['c1'], ['ann']],
  [
    ofMiner('MinerAssigned', {
      ...{ contractId: 'c2', customerId: 'ann', energized: { fromContractId: 'c1' } },
    }),
    ['c2', 'c1'],
    ['ann'],
  ],
  [ofMiner('RepairOpened'), ['c2'], ['ann']],
  [
    ofMiner('TitleTransferred', { fromCustomerId: 'ann', toCustomerId: 'bob' }),
    ['c2'],
    ['bob', 'ann'],
  ],
  [ofMiner('RepairClosed'), ['c2'], ['bob']],
  [told('rack-F.R1', 'SlotVacated', { serial: 'A1' }), ['c2'], ['bob']],
  [
    ofContract('PartyAssigned', { fromCustomerId: 'ann', toCustomerId: 'cyd' }),
    ['c1'],
    ['cyd', 'ann'],
  ],
  [ofContract('ServiceSuspended'), ['c1'], ['cyd']],
  [told('facility-F', 'CapacityReleased', { allocationId: 'a1' }), ['c1'], ['cyd']],
  [ofMiner('MinerRetired', { customerId: 'bob' }), ['c2'], ['bob']],
  [told('settlement-s1', 'SettlementProposed', { customerId: 'ann' }), [], ['ann']],
  [told('settlement-s1', 'SettlementApproved', {}), [], ['ann']],
  [told('claim-k1', 'ClaimBound', { settlementId: 's1' }), [], ['ann']],
  [told('claim-k1', 'ClaimUnbound', { settlementId: 's1' }), [], ['ann']],
  [told('siteClearance-s1.F', 'RelocationCasesOpened', { customerId: 'bob' }), [], ['bob']],
  [told('siteClearance-s1.F', 'MachinesCounted', { settlementId: 's1' }), [], []],
  [told('settlement-s2', 'SettlementProposed', {}), [], []],
  [told('settlement-s2', 'SettlementApproved', {}), [], []],
];

const log = HISTORY.map(([event], index) => ({ ...event, position: BigInt(index + 1) * 100n }));
const expected = HISTORY.map(([, contracts, customers]): Parties => ({ contracts, customers }));

describe('the parties of an event', () => {
  let query: PartiesQuery;
  let close: () => Promise<void>;

  beforeAll(async () => {
    const filled = await readModelsOf([feedParties], log);
    query = new PartiesQuery(partyRules, filled.readModels);
    close = filled.close;
  });
  afterAll(() => close());

  it('are those of its own time, whatever happened since, page by page as all at once', async () => {
    expect(await query.of(log)).toEqual(expected);
    for (const [index, event] of log.entries()) {
      expect([event.type, await query.of([event])]).toEqual([event.type, [expected[index]]]);
    }
  });

  it('need no read model where the events themselves tell', async () => {
    const unreachable = { ...log[0]!, position: 10n ** 12n };
    expect(await query.of([unreachable])).toEqual([expected[0]]);
  });

  it('wait for the read model where they do not, within a bound', async () => {
    const later = { ...log[1]!, position: 10n ** 12n };
    await expect(query.of([later])).rejects.toMatchObject({ name: 'ReadModelBehind' });
  });
});
