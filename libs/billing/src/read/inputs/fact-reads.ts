import type { Kysely } from 'kysely';
import {
  factsOfMachines,
  lateFactsExist,
  machinesWithin,
  type MachineFactsTables,
} from '../machine-facts/query.js';
import {
  lateReadingsExist,
  lateReceiptsExist,
  meterFactsOf,
  receiptsOf,
  type MeterTables,
} from '../meters/facts.js';
import type { FactReads } from './ports.js';

const touch = async (db: Kysely<MachineFactsTables & MeterTables>): Promise<void> => {
  for (const table of [
    'billing_machine_facts',
    'billing_meters',
    'billing_readings',
    'billing_programme_receipts',
  ] as const) {
    await db.selectFrom(table).select('position').limit(1).execute();
  }
};

/** The read models of this room. */
export const factReads: FactReads = {
  touch,
  machinesWithin,
  factsOfMachines,
  lateFactsExist,
  meterFactsOf,
  receiptsOf,
  lateReadingsExist,
  lateReceiptsExist,
};
