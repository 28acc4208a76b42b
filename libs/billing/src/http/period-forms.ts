import { Type } from 'class-transformer';
import { IsInt, IsUUID, Matches, Max, Min } from 'class-validator';

/** Of the years that `IsOfPlainYear` takes. */
export const MONTH = /^(?!0|9999)\d{4}-(0[1-9]|1[0-2])$/;

export const IsMonth = (): PropertyDecorator =>
  Matches(MONTH, { message: '$property is a month, YYYY-MM' });

/** Of a statement: as many as fit into one append. */
const MOST_LINES = 100_000;

export class PeriodParams {
  /** The contract's id. */
  @IsUUID()
  contractId: string;

  /**
   * A month of the contract's time zone.
   * @example 2024-03
   */
  @IsMonth()
  month: string;
}

export class RestatementParams extends PeriodParams {
  /** The restatement's id. */
  @IsUUID()
  restatementId: string;
}

export class StatementParams {
  /** The statement's id. */
  @IsUUID()
  statementId: string;
}

export class StatementLineParams extends StatementParams {
  /**
   * Number of the line, from 1.
   * @example 1
   */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MOST_LINES)
  line: number;
}
