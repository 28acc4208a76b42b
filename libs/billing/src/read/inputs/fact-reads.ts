import { factsOfMachines, lateFactsExist, machinesWithin } from '../machine-facts/query.js';
import { lateReadingsExist, lateReceiptsExist, meterFactsOf, receiptsOf } from '../meters/facts.js';
import type { FactReads } from './ports.js';

const touch: FactReads['touch'] = async (db) => {
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
