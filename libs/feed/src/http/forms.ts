import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  type ValidationArguments,
} from 'class-validator';
import { CLOUD_EVENT_TYPE_PREFIX } from '../cloud-event.js';
import { eventCategories, eventTypes } from '../schemas.js';

export const DEFAULT_LIMIT = 100;
export const MAX_LIMIT = 1_000;
const MAX_VALUES = 100;

/** Names what is unknown; a list of all that is known would be longer than anybody reads. */
const unknownOf =
  (known: readonly string[]) =>
  ({ property, value }: ValidationArguments): string => {
    const unknown = [value].flat().filter((one: unknown) => !known.includes(one as string));
    return `${property} ${unknown.map(String).join(', ')} is unknown; /v1/schemas lists all`;
  };

/** Once or repeated. */
const listOf = (value: unknown): unknown => (value === undefined ? undefined : [value].flat());

const bareType = (type: unknown): unknown =>
  typeof type === 'string' && type.startsWith(CLOUD_EVENT_TYPE_PREFIX)
    ? type.slice(CLOUD_EVENT_TYPE_PREFIX.length)
    : type;

/** Query parameters of the feed. */
export class FeedQuery {
  /**
   * Position after which to begin: one that the feed told, `start` (the default) or `end` of the log.
   * `Last-Event-ID` goes before it.
   * @example "1048576"
   */
  @IsOptional()
  @Matches(/^(\d{1,19}|start|end)$/, {
    message: 'after is a position as the feed told it, start or end',
  })
  after?: string;

  /**
   * Only events of streams of this category; may be repeated.
   * @example ["miner"]
   */
  @IsOptional()
  @Transform(({ value }) => listOf(value))
  @ArrayMaxSize(MAX_VALUES)
  @IsIn(eventCategories, { each: true, message: unknownOf(eventCategories) })
  category?: string[];

  /**
   * Only events of this type, with `hostledger.` before it or without; may be repeated.
   * @example ["MinerRelocated"]
   */
  @IsOptional()
  @Transform(({ value }) => (listOf(value) as unknown[] | undefined)?.map(bareType))
  @ArrayMaxSize(MAX_VALUES)
  @IsIn(eventTypes, { each: true, message: unknownOf(eventTypes) })
  type?: string[];

  /** Only events that concern this contract. */
  @IsOptional()
  @IsString()
  @MaxLength(100)
  contractId?: string;

  /** Only events that concern this customer. */
  @IsOptional()
  @IsString()
  @MaxLength(100)
  customerId?: string;

  /**
   * Events on a page at most; a stream has no pages.
   * @example 100
   */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_LIMIT)
  limit?: number;
}
