import fc from 'fast-check';
import { DomainError } from '@hostledger/eventsourcing';
import { RETIREMENT_CAUSES } from './miner-life.js';
import { DEENERGIZATION_CAUSES } from './miner-power.js';
import { minerAggregate, type Miner, type MinerCommand, type MinerEvent } from './miner.js';

const at = '2024-06-01T08:00:00.000Z';
const documentDigest = 'd'.repeat(64);

type DataOf<Type extends MinerCommand['type']> = Extract<MinerCommand, { type: Type }>['data'];

/** Whatever can be asked of a machine once it was received; much of it will be refused. */
export const lifeCommands = (serial: string): fc.Arbitrary<MinerCommand> => {
  const command = <Type extends MinerCommand['type']>(
    type: Type,
    data: Omit<DataOf<Type>, 'serial'>,
  ): MinerCommand => ({ type, data: { serial, ...data }, at }) as unknown as MinerCommand;
  const seat = {
    ...{ customerId: 'customer-1', contractId: 'contract-2', orderId: 'order-1' },
    ...{ allocationId: 'allocation-1', powerWatts: 3_247 },
  };
  const reservationId = fc.constantFrom('r1', 'r2', 'r3', 'r4');
  const repairId = fc.constantFrom('repair-1', 'repair-2');
  const facility = fc.constantFrom('DENTON', 'PECOS');
  const to = fc.record({
    kind: fc.constant('slot' as const),
    facility: fc.constant('DENTON'),
    rack: fc.constantFrom('A1', 'B1'),
    slot: fc.integer({ min: 1, max: 2 }),
  });
  const powerWatts = fc.constantFrom(3_247, 2_400);
  const stage = fc.constantFrom('active' as const, 'suspended' as const);
  const any = (type: MinerCommand['type'], data: Record<string, fc.Arbitrary<unknown>>) =>
    fc.record(data).map((drawn) => ({ type, data: { serial, ...drawn }, at }) as MinerCommand);
  return fc.oneof(
    any('InstallMiner', { to, reservationId, powerWatts }),
    any('RelocateMiner', { to, reservationId, powerWatts }),
    reservationId.map((id) =>
      command('AbandonRelocation', { reservationId: id, cause: 'overdue' }),
    ),
    any('UninstallMiner', { removalId: fc.constantFrom('u1', 'u2') }),
    any('DepartMiner', { to: fc.constant('PECOS'), reservationId, powerWatts }),
    any('ArriveMiner', { facility }),
    fc
      .tuple(stage, fc.constantFrom('contract-1', 'contract-2'))
      .map(([now, contractId]) => command('EnergizeMiner', { stage: now, contractId, by: 'ada' })),
    fc.constantFrom(...DEENERGIZATION_CAUSES).map((cause) => command('DeenergizeMiner', { cause })),
    fc
      .tuple(fc.boolean(), reservationId, powerWatts, fc.nat(9))
      .map(([inSlot, id, watts, revision]) =>
        command('ChangePowerProfile', {
          ...{ profile: 'p', hashrateGhs: watts * 40, powerWatts: watts },
          ...(inSlot && { grant: { reservationId: id, revision } }),
        }),
      ),
    any('OpenRepair', { repairId, fault: fc.constant('fan') }),
    any('SendToVendor', { repairId, vendor: fc.constantFrom('V1', 'V2') }),
    any('ReturnFromVendor', { repairId, facility }),
    any('CloseRepair', { repairId, outcome: fc.constant('repaired') }),
    fc.constantFrom('a1', 'a2').map((id) => command('AssignMiner', { ...seat, assignmentId: id })),
    fc.constant(command('UnassignMiner', { cause: 'request' })),
    fc
      .tuple(fc.boolean(), reservationId, powerWatts, fc.nat(9))
      .map(([inSlot, id, watts, revision]) =>
        command('CorrectModel', {
          ...{ model: 'S21-200', deliveryId: 'delivery-1', discrepancyId: '2-wrongModel' },
          ...(inSlot && {
            granted: {
              ...{ hashrateGhs: 200_000, powerWatts: watts },
              grant: { reservationId: id, revision },
            },
          }),
        }),
      ),
    fc
      .constantFrom('customer-1', 'customer-2')
      .map((toCustomerId) =>
        command('TransferTitle', { toCustomerId, effectiveOn: '2024-06-01', documentDigest }),
      ),
    { arbitrary: any('RetireMiner', { cause: fc.constantFrom(...RETIREMENT_CAUSES) }), weight: 1 },
  );
};

/** What comes of it; nothing where it is refused. */
export const decideOrRefuse = (next: MinerCommand, miner: Miner): readonly MinerEvent[] => {
  try {
    return minerAggregate.decide(next, miner);
  } catch (error) {
    if (error instanceof DomainError) return [];
    throw error;
  }
};
