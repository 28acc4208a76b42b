import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsUUID } from 'class-validator';
import { sql, type Kysely } from 'kysely';
import { ownContract } from '@hostledger/contracts';
import { DomainError } from '@hostledger/eventsourcing';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { AnyRole, OwnObject, ReadAt, readReply, type ReadOptions } from '@hostledger/http';
import { DeliveredHashrate, hashrateView } from './hashrate-view.js';
import type { DeliveryRow } from './projection.js';

interface Tables {
  deliveries: DeliveryRow;
  /** Of the contracts room: what is owed by its orders, null while none names it. */
  contracts: { contract_id: string; contracted_hashrate_ghs: bigint | null };
}

export class ContractParams {
  /** The contract's id. */
  @IsUUID()
  contractId: string;
}

/** What was announced under a contract and what became of it, over all its deliveries. */
export class DeliveredUnderContract {
  contractId: string;
  deliveries: number;
  /** Of them, reconciled. */
  reconciled: number;
  /** Lines of the manifests; received + missing + refused once all are accounted for. */
  announced: number;
  received: number;
  missing: number;
  refused: number;
  /** Received and found good. */
  accepted: number;
  /** Of those refused, received at first and sent back. */
  returned: number;
  /** Taken in although no line named them. */
  extra: number;
  openDiscrepancies: number;
  /**
   * Contracted by the orders, so that what was never shipped is outstanding too; where no order
   * names a hashrate, by the deliveries.
   */
  hashrate: DeliveredHashrate;
}

const COUNTS = {
  announced: 'line_count',
  received: 'received',
  missing: 'missing',
  refused: 'refused',
  accepted: 'accepted',
  returned: 'returned',
  extra: 'extra',
  openDiscrepancies: 'open_discrepancies',
} as const;

const HASHRATES = [
  'contracted_hashrate_ghs',
  'received_hashrate_ghs',
  'accepted_hashrate_ghs',
  'extra_hashrate_ghs',
  'waived_hashrate_ghs',
] as const;

/** Sums as text, since a sum of counts is wider than a number. */
type Sums = Record<keyof typeof COUNTS | (typeof HASHRATES)[number], string> & {
  readonly deliveries: string;
  readonly reconciled: string;
};

@ApiTags('fleet')
@Controller('contracts/:contractId/delivered')
export class DeliveredController {
  constructor(private readonly readModels: ReadModels) {}

  @ApiOperation({
    summary: 'Compare what is owed under a contract with what its deliveries brought',
  })
  @Get()
  @AnyRole()
  @OwnObject(ownContract)
  @ApiOkResponse({ type: DeliveredUnderContract })
  async delivered(@Param() { contractId }: ContractParams, @ReadAt() at: ReadOptions) {
    const { position, value } = await this.readModels.read<Tables, Found | undefined>(
      at,
      async (db) => {
        const contracts = db.selectFrom('contracts').select('contracted_hashrate_ghs');
        const contract = await contracts.where('contract_id', '=', contractId).executeTakeFirst();
        return contract && { contract, sums: await sumsOf(db, contractId) };
      },
    );
    if (!value) {
      throw new DomainError('notFound', 'contract/unknown', 'There is no such contract');
    }
    return readReply(position, deliveredView(contractId, value));
  }
}

interface Found {
  contract: Pick<Tables['contracts'], 'contracted_hashrate_ghs'>;
  sums: Sums;
}

/** A contract has a few dozens of deliveries, each a row of maintained counts. */
const sumsOf = (db: Kysely<Tables>, contractId: string): Promise<Sums> =>
  db
    .selectFrom('deliveries')
    .where('contract_id', '=', contractId)
    .select([
      sql<string>`count(*)::text`.as('deliveries'),
      sql<string>`(count(*) filter (where status = 'reconciled'))::text`.as('reconciled'),
      ...Object.entries(COUNTS).map(([name, column]) => sumOf(column, name)),
      ...HASHRATES.map((column) => sumOf(column, column)),
    ])
    .executeTakeFirstOrThrow() as Promise<Sums>;

const sumOf = (column: string, name: string) =>
  sql<string>`coalesce(sum(${sql.ref(column)}), 0)::text`.as(name);

const deliveredView = (contractId: string, { contract, sums }: Found): DeliveredUnderContract => {
  const counts = Object.keys(COUNTS).map((name) => [name, Number(sums[name as keyof Sums])]);
  const hashrates = Object.fromEntries(
    HASHRATES.map((column) => [column, BigInt(sums[column])]),
  ) as Record<(typeof HASHRATES)[number], bigint>;
  const contracted = contract.contracted_hashrate_ghs ?? hashrates.contracted_hashrate_ghs;
  return {
    contractId,
    deliveries: Number(sums.deliveries),
    reconciled: Number(sums.reconciled),
    ...(Object.fromEntries(counts) as Record<keyof typeof COUNTS, number>),
    hashrate: hashrateView({ ...hashrates, contracted_hashrate_ghs: contracted }),
  };
};
