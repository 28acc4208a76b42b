import { sql, type Kysely } from 'kysely';
import {
  isConsentedOn,
  type ConsentRow,
  type ContractRow,
  type TermsRow,
} from '@hostledger/contracts';
import { DomainError } from '@hostledger/eventsourcing';
import type { MinerRow, RelocationMoveRow, RelocationRow } from '@hostledger/fleet';
import { dayIn } from '@hostledger/quantities';
import type { FacilityRow, RackRow, SlotRow } from '@hostledger/sites';
import type {
  LeftOut,
  PinnedInput,
  RelocationProposalRequested,
} from '../../domain/proposal-events.js';
import type {
  ContractRule,
  FreeRack,
  FreeSite,
  MovableMachine,
} from '../../domain/proposal-classes.js';

// Which machines there are to choose from, where they may go, and the room that there is for them.

export interface FloorTables {
  miners: MinerRow;
  racks: RackRow;
  rack_slots: SlotRow;
  contracts: ContractRow;
  contract_terms: TermsRow;
  contract_relocation_consents: ConsentRow;
  relocations: RelocationRow;
  relocation_moves: RelocationMoveRow;
}

type Asked = RelocationProposalRequested['data'];

/** By facility. */
export type PinnedRates = ReadonlyMap<string, PinnedInput>;

/** As many as one plan can move; more are not read into one process at once. */
const MOST_MACHINES = 100_000;

export interface OpenMoves {
  readonly serials: ReadonlySet<string>;
  /** `facility/rack/slot` that machines are to come into. */
  readonly places: ReadonlySet<string>;
}

/** Of plans that are being carried out; what is only planned holds nothing. */
export const openMoves = async (db: Kysely<FloorTables>): Promise<OpenMoves> => {
  const moves = await db
    .selectFrom('relocations as plan')
    .innerJoin('relocation_moves as move', 'move.relocation_id', 'plan.relocation_id')
    .select(['move.serial', 'move.to_facility', 'move.to_rack', 'move.to_slot'])
    .where('plan.status', 'in', ['approved', 'cancelling'])
    .where('move.state', 'in', ['planned', 'reserved', 'departed', 'diverted'])
    .execute();
  return {
    serials: new Set(moves.map(({ serial }) => serial)),
    places: new Set(
      moves.map(({ to_facility, to_rack, to_slot }) => placeText(to_facility, to_rack, to_slot)),
    ),
  };
};

const placeText = (facility: string, rack: string, slot: number): string =>
  `${facility}/${rack}/${slot}`;

export interface Contracts {
  readonly active: ReadonlySet<string>;
  readonly rules: ReadonlyMap<string, ContractRule>;
}

/** Whose machines may run, and where the terms in force and consents let them go, by each one's day. */
export const contractsOn = async (db: Kysely<FloorTables>, at: string): Promise<Contracts> => {
  const contracts = await db
    .selectFrom('contracts')
    .select(['contract_id', 'stage', 'time_zone'])
    .execute();
  const terms = await db
    .selectFrom('contract_terms')
    .select(['contract_id', 'effective_on', 'relocation'])
    .orderBy('contract_id')
    .orderBy('version')
    .execute();
  const consents = await db.selectFrom('contract_relocation_consents').selectAll().execute();
  const termsOf = Map.groupBy(terms, ({ contract_id }) => contract_id);
  const consentsOf = Map.groupBy(consents, ({ contract_id }) => contract_id);
  const rules = new Map<string, ContractRule>();
  for (const { contract_id, time_zone } of contracts) {
    const day = dayIn(time_zone, at);
    const inForceOn = termsOf.get(contract_id)?.findLast((one) => one.effective_on <= day);
    const clause = inForceOn?.relocation;
    if (!clause) continue;
    const consented = (consentsOf.get(contract_id) ?? [])
      .filter((row) => isConsentedOn(consentOf(row), day))
      .flatMap(({ facilities }) => facilities);
    rules.set(contract_id, {
      ...(clause.facilities && { facilities: clause.facilities }),
      equalOrLowerRate: clause.costClass === 'equalOrLower',
      ...(clause.consent === 'required' && { consented: [...new Set(consented)].sort() }),
    });
  }
  const active = contracts.filter(({ stage }) => stage === 'active');
  return { active: new Set(active.map(({ contract_id }) => contract_id)), rules };
};

const consentOf = ({ from_on, until_on, withdrawn_on, withdrawn_for }: ConsentRow) => ({
  fromOn: from_on,
  ...(until_on !== null && { untilOn: until_on }),
  ...(withdrawn_on !== null && { withdrawn: { on: withdrawn_on, cause: withdrawn_for ?? '' } }),
});

interface Circumstances {
  readonly rates: PinnedRates;
  readonly planned: OpenMoves;
  readonly contracts: Contracts;
}

export const candidates = async (db: Kysely<FloorTables>, asked: Asked, known: Circumstances) => {
  const { scope } = asked;
  let query = db
    .selectFrom('miners')
    .select([
      'serial',
      'facility',
      'contract_id',
      'state',
      'energized',
      'hashrate_ghs',
      'power_watts',
      'repair_id',
      'condition',
    ])
    .where('state', 'in', ['installed', 'stored'])
    .orderBy('serial')
    .limit(MOST_MACHINES + 1);
  if (asked.candidates === 'running') query = query.where('energized', '=', true);
  if (scope.facilities) query = query.where('facility', 'in', scope.facilities);
  if (scope.customers) query = query.where('customer_id', 'in', scope.customers);
  if (scope.contracts) query = query.where('contract_id', 'in', scope.contracts);
  if (scope.models) query = query.where('model', 'in', scope.models);
  const machines: MovableMachine[] = [];
  const leftOut = new Map<LeftOut, number>();
  const rows = await query.execute();
  if (rows.length > MOST_MACHINES) throw tooManyMachines();
  for (const row of rows) {
    const reason = reasonToLeave(row, known);
    if (reason) leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
    else machines.push(machineOf(row));
  }
  const counted = [...leftOut].map(([reason, count]) => ({ reason, machines: count }));
  return { machines, leftOut: counted.sort((a, b) => (a.reason < b.reason ? -1 : 1)) };
};

const tooManyMachines = (): DomainError =>
  new DomainError(
    'conflict',
    'proposal/too-many-machines',
    `There are more than ${MOST_MACHINES} machines to choose from; narrow the scope`,
    { most: MOST_MACHINES },
  );

type Candidate = Pick<
  MinerRow,
  | 'serial'
  | 'facility'
  | 'contract_id'
  | 'state'
  | 'energized'
  | 'hashrate_ghs'
  | 'power_watts'
  | 'repair_id'
  | 'condition'
>;

const reasonToLeave = (
  { serial, facility, contract_id, repair_id, condition }: Candidate,
  { rates, planned, contracts }: Circumstances,
): LeftOut | undefined => {
  if (repair_id !== null) return 'underRepair';
  if (condition !== 'ok') return 'damaged';
  if (!contracts.active.has(contract_id)) return 'contractNotActive';
  if (planned.serials.has(serial)) return 'underAnotherPlan';
  return rates.has(facility ?? '') ? undefined : 'rateUnknown';
};

const machineOf = (row: Candidate): MovableMachine => ({
  serial: row.serial,
  contractId: row.contract_id,
  facility: row.facility!,
  standing: row.state === 'stored' ? 'stored' : row.energized ? 'running' : 'idle',
  hashrateGhs: row.hashrate_ghs,
  powerWatts: row.power_watts,
});

// Room for them

/** Open sites whose rate is known, with what their envelope in force leaves. */
export const destinationsOf = (
  { destinations }: Asked,
  sites: readonly FacilityRow[],
  rates: PinnedRates,
): FreeSite[] =>
  sites
    .filter(({ facility, status }) => status === 'open' && rates.has(facility))
    .filter(({ facility }) => destinations?.includes(facility) ?? true)
    .map((row) => {
      const envelope = row.derated_watts ?? row.power_envelope_watts;
      const left = envelope - row.reserved_watts - row.occupied_watts;
      return { facility: row.facility, watts: left > 0n ? Number(left) : 0 };
    });

export const freeRacks = async (
  db: Kysely<FloorTables>,
  sites: readonly FreeSite[],
  { places }: OpenMoves,
): Promise<FreeRack[]> => {
  if (sites.length === 0) return [];
  const at = sites.map(({ facility }) => facility);
  const racks = await db
    .selectFrom('racks')
    .select(['facility', 'rack', 'slot_count'])
    .select(sql<bigint>`power_limit_watts - reserved_watts - occupied_watts`.as('left_watts'))
    .where('facility', 'in', at)
    .where('status', '=', 'inService')
    .where(sql<boolean>`slots_reserved + slots_occupied < slot_count`)
    .where(sql<boolean>`reserved_watts + occupied_watts < power_limit_watts`)
    .orderBy('facility')
    .orderBy('rack')
    .execute();
  const held = await db
    .selectFrom('rack_slots as held')
    .innerJoin('racks as rack', (join) =>
      join.onRef('rack.facility', '=', 'held.facility').onRef('rack.rack', '=', 'held.rack'),
    )
    .select(['held.facility', 'held.rack', 'held.slot'])
    .where('rack.facility', 'in', at)
    .where('rack.status', '=', 'inService')
    .where(sql<boolean>`rack.slots_reserved + rack.slots_occupied < rack.slot_count`)
    .execute();
  const taken = new Set(held.map(({ facility, rack, slot }) => placeText(facility, rack, slot)));
  return racks.map(({ facility, rack, slot_count, left_watts }) => ({
    facility,
    rack,
    watts: Number(left_watts),
    slots: Array.from({ length: slot_count }, (_, index) => index + 1).filter((slot) => {
      const place = placeText(facility, rack, slot);
      return !taken.has(place) && !places.has(place);
    }),
  }));
};
