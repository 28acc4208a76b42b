import type { Kysely } from 'kysely';
import type { ContractRow, TermsRow } from '@hostledger/contracts';
import { startOfDay } from '../../domain/months.js';
import type { Excuse } from '../../domain/usage.js';

export interface TermsTables {
  contracts: Pick<ContractRow, 'contract_id' | 'time_zone'>;
  contract_terms: Pick<TermsRow, 'contract_id' | 'version' | 'effective_on' | 'rate_card'>;
}

/** What the terms of a contract excuse, each version until the next one takes effect. */
export const excusesOf = async (
  db: Kysely<TermsTables>,
  contractId: string,
  timeZone: string,
): Promise<readonly Excuse[]> => {
  const versions = await db
    .selectFrom('contract_terms')
    .select(['effective_on', 'rate_card'])
    .where('contract_id', '=', contractId)
    .orderBy('version')
    .execute();
  return versions.map(({ effective_on, rate_card }, index): Excuse => {
    const next = versions[index + 1]?.effective_on;
    return {
      from: startOfDay(timeZone, effective_on),
      until: next === undefined ? FOREVER : startOfDay(timeZone, next),
      causes: rate_card.uptime?.excusedCauses ?? [],
    };
  });
};

const FOREVER = '9999-12-31T00:00:00.000Z';
