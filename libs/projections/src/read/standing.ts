import { DomainError } from '@hostledger/eventsourcing';
import type { GenerationRow, ReadModels } from '@hostledger/eventsourcing/postgres';

/** The tables that there are of one projection. */
export interface Standing {
  readonly group: string;
  readonly inUse: GenerationRow;
  /** The other ones, of this version of the code and of others. */
  readonly others: readonly GenerationRow[];
}

/** By the name of the projection, as the bookkeeping has it at the moment. */
export const standings = async (
  readModels: Pick<ReadModels, 'generations'>,
): Promise<ReadonlyMap<string, Standing>> => {
  const rows = await readModels.generations();
  return new Map(
    rows
      .filter((row) => row.inUse)
      .map((inUse) => {
        const others = rows.filter((row) => row.name === inUse.name && row !== inUse);
        return [inUse.name, { group: inUse.group, inUse, others }];
      }),
  );
};

/** @throws DomainError `projection/unknown` */
export const standingOf = async (
  readModels: Pick<ReadModels, 'generations'>,
  projection: string,
): Promise<Standing> => {
  const standing = (await standings(readModels)).get(projection);
  if (standing) return standing;
  throw new DomainError(
    'notFound',
    'projection/unknown',
    `There is no projection ${projection}, or no worker has ever kept it`,
  );
};

/** All tables of the projection. */
export const generationsOf = ({ inUse, others }: Standing): readonly GenerationRow[] => [
  inUse,
  ...others,
];
