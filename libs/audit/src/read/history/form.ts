import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ArrayMaxSize, IsIn, Matches } from 'class-validator';
import {
  IsDayOrInstant,
  IsTrueOrFalse,
  MayBeAbsent,
  Page,
  ProblemError,
  type FieldError,
} from '@hostledger/http';
import type { HistoryFilter } from './filter.js';

const MAX_VALUES = 60;
const NAME = /^[\x20-\x7e\u00a0-\uffff]{1,600}$/;

const IsName = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ type: String }),
    Matches(NAME, {
      message: '$property is a text of up to 600 characters, without control characters',
    }),
  );

const AreNames = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ type: [String] }),
    Transform(({ value }) => (value === undefined ? undefined : [value].flat())),
    ArrayMaxSize(MAX_VALUES),
    Matches(NAME, { each: true, message: '$property is a name; may be repeated' }),
  );

const IsPosition = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({ type: String }),
    Matches(/^\d{1,19}$/, { message: '$property is a log position' }),
  );

/** Which events of the history; all that is given holds of each. */
export class HistoryQuery extends Page {
  /** @example miner-YDU5400123 */
  @MayBeAbsent()
  @IsName()
  stream?: string;

  /**
   * Of the streams, what is before the first dash; may be repeated.
   * @example ["miner"]
   */
  @MayBeAbsent()
  @AreNames()
  category?: string[];

  /**
   * May be repeated.
   * @example ["MinerRelocated"]
   */
  @MayBeAbsent()
  @AreNames()
  type?: string[];

  /**
   * Of the access token of who acted.
   * @example erp
   */
  @MayBeAbsent()
  @IsName()
  subject?: string;

  /**
   * Under which it was allowed.
   * @example operator
   */
  @MayBeAbsent()
  @IsName()
  role?: string;

  /** Of the request that led to it. */
  @MayBeAbsent()
  @IsName()
  correlationId?: string;

  /** Of the request, command or event that it followed from. */
  @MayBeAbsent()
  @IsName()
  causationId?: string;

  @MayBeAbsent()
  @IsName()
  commandId?: string;

  /** Events that concern the contract, as of the position of each. */
  @MayBeAbsent()
  @IsName()
  contractId?: string;

  /** Events that concern the customer, as of the position of each. */
  @MayBeAbsent()
  @IsName()
  customerId?: string;

  /**
   * Events of the machine.
   * @example YDU5400123
   */
  @MayBeAbsent()
  @IsName()
  serial?: string;

  /**
   * Written down at or after this instant, or the beginning of this day (UTC).
   * @example 2024-01-01
   */
  @MayBeAbsent()
  @IsDayOrInstant()
  recordedFrom?: string;

  /** Written down before this. */
  @MayBeAbsent()
  @IsDayOrInstant()
  recordedUntil?: string;

  /** Happened at or after this. */
  @MayBeAbsent()
  @IsDayOrInstant()
  occurredFrom?: string;

  /** Happened before this. */
  @MayBeAbsent()
  @IsDayOrInstant()
  occurredUntil?: string;

  /**
   * Only what comes after this position in the log.
   * @example "1048576"
   */
  @MayBeAbsent()
  @IsPosition()
  afterPosition?: string;

  /** Only what comes at or before this position. */
  @MayBeAbsent()
  @IsPosition()
  untilPosition?: string;

  /** By position: as it was written down (the default), or the latest first. */
  @MayBeAbsent()
  @IsIn(['asc', 'desc'])
  order?: 'asc' | 'desc';

  /** `false` leaves data and metadata out, which spares reading the log. */
  @MayBeAbsent()
  @IsTrueOrFalse()
  data?: 'true' | 'false';

  /** Goes before `Accept`. `json` has pages; the others have no end but that of the history. */
  @MayBeAbsent()
  @IsIn(['json', 'ndjson', 'csv'])
  format?: 'json' | 'ndjson' | 'csv';
}

/** @throws ProblemError `request/invalid`, where a time or position ends before it begins. */
export const filterOf = (query: HistoryQuery): HistoryFilter => {
  const { category, type, afterPosition, untilPosition } = query;
  const filter = {
    ...query,
    categories: category,
    types: type,
    recordedFrom: instantOf(query.recordedFrom),
    recordedUntil: instantOf(query.recordedUntil),
    occurredFrom: instantOf(query.occurredFrom),
    occurredUntil: instantOf(query.occurredUntil),
    afterPosition: afterPosition === undefined ? undefined : BigInt(afterPosition),
    untilPosition: untilPosition === undefined ? undefined : BigInt(untilPosition),
  };
  const errors: FieldError[] = [
    ...inOrder('recordedUntil', 'recordedFrom', filter.recordedFrom, filter.recordedUntil),
    ...inOrder('occurredUntil', 'occurredFrom', filter.occurredFrom, filter.occurredUntil),
    ...inOrder('untilPosition', 'afterPosition', filter.afterPosition, filter.untilPosition),
  ];
  if (errors.length === 0) return filter;
  throw new ProblemError(400, 'request/invalid', 'The request has fields that do not fit', {
    errors,
  });
};

const inOrder = <T extends string | bigint>(
  name: string,
  other: string,
  from: T | undefined,
  until: T | undefined,
): FieldError[] =>
  from === undefined || until === undefined || from <= until
    ? []
    : [{ pointer: `/${name}`, code: 'order', message: `${name} is before ${other}` }];

/** In the one form in which texts order as instants do. */
const instantOf = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : new Date(text).toISOString();
