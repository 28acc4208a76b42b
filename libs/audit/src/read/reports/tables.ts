import type { AccessDenialTables } from '@hostledger/access';
import type { Kysely } from 'kysely';
import type { ActTables } from '../acts/projection.js';
import type { AuditTables } from '../history/projection.js';

/** Of other rooms, of whose tables only these columns are asked. */
interface ContractOfTables {
  stream_parties: { stream: string; position: bigint; contract_id: string | null };
  billing_meters: { meter_id: string; contract_id: string };
  billing_periods: {
    contract_id: string;
    month: string;
    closed_at: string | null;
    closed: { readonly timeZone: string } | null;
  };
}

/** All that reports are made of. */
export type ReportTables = ActTables & AuditTables & AccessDenialTables & ContractOfTables;
export type Db = Kysely<ReportTables>;
