import { IsIn, IsInt, IsOptional, IsUUID, Matches, Max, Min } from 'class-validator';
import { Type } from 'class-transformer';
import { IsDay, MayBeAbsent, Page } from '@hostledger/http';
import { IsMonth } from './period-forms.js';

export class StatementForm {
  /** In place of `Accept`, for links. */
  @MayBeAbsent()
  @IsIn(['json', 'csv', 'pdf'])
  format?: 'json' | 'csv' | 'pdf';
}

/** Whose statements or months. */
class BillingScope {
  @MayBeAbsent()
  @IsUUID()
  contractId?: string;

  @MayBeAbsent()
  @IsUUID()
  customerId?: string;
}

export class ExportQuery extends BillingScope {
  /**
   * Of the statements; or `from` and `until`.
   * @example 2024-03
   */
  @MayBeAbsent()
  @IsMonth()
  month?: string;

  @MayBeAbsent()
  @IsMonth()
  from?: string;

  /** The last one. */
  @MayBeAbsent()
  @IsMonth()
  until?: string;

  /**
   * Only what comes after this statement and line: `InvoiceId`.`x_Line` of the last row that came.
   * @example 2024-000017.3
   */
  @MayBeAbsent()
  @Matches(/^\d{4}-\d{6,12}(\.\d{1,9})?$/, { message: '$property is <InvoiceId>.<x_Line>' })
  after?: string;

  /** In place of `Accept`, for links. */
  @MayBeAbsent()
  @IsIn(['csv', 'ndjson'])
  format?: 'csv' | 'ndjson';
}

export class AccrualsQuery extends Page {
  /**
   * What is not billed at the end of this day, of the zone of each contract.
   * @example 2024-03-31
   */
  @IsDay()
  on: string;

  @MayBeAbsent()
  @IsUUID()
  contractId?: string;

  @MayBeAbsent()
  @IsUUID()
  customerId?: string;

  /**
   * Contracts on a page: each is computed.
   * @example 20
   */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  declare limit?: number;

  /**
   * Months that are looked at for a page, 24 where nothing is said: each costs less than a tenth of a second, of a
   * contract with many machines up to some seconds.
   * @example 24
   */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(120)
  months?: number;
}
