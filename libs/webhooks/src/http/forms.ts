import {
  ArrayMaxSize,
  ArrayNotEmpty,
  ArrayUnique,
  IsIn,
  IsString,
  IsUUID,
  Length,
  Matches,
  type ValidationArguments,
} from 'class-validator';
import { eventCategories, eventTypes } from '@hostledger/feed';
import { IsNested, MayBeAbsent } from '@hostledger/http';

const MAX_NAMES = 100;

/** Names what is unknown; a list of all that is known would be longer than anybody reads. */
const unknownOf =
  (known: readonly string[]) =>
  ({ property, value }: ValidationArguments): string => {
    const unknown = [value].flat().filter((one: unknown) => !known.includes(one as string));
    return `${property} ${unknown.map(String).join(', ')} is unknown; /v1/schemas lists all`;
  };

/** Which events are wanted: of any of the values of each list, and all lists that are given. */
export class WebhookFilterBody {
  /**
   * Kinds of streams; all but webhooks, access tokens and command keys where left out.
   * @example ["miner", "hostingContract"]
   */
  @MayBeAbsent()
  @ArrayNotEmpty()
  @ArrayMaxSize(MAX_NAMES)
  @ArrayUnique()
  @IsIn(eventCategories, { each: true, message: unknownOf(eventCategories) })
  categories?: string[];

  /** @example ["MinerRelocated"] */
  @MayBeAbsent()
  @ArrayNotEmpty()
  @ArrayMaxSize(MAX_NAMES)
  @ArrayUnique()
  @IsIn(eventTypes, { each: true, message: unknownOf(eventTypes) })
  types?: string[];

  /** Only what concerns this contract. */
  @MayBeAbsent()
  @IsUUID()
  contractId?: string;

  /** Only what concerns this customer. */
  @MayBeAbsent()
  @IsUUID()
  customerId?: string;
}

/** What a subscription is about; of a change only what is to be another. */
export class WebhookTargetBody {
  /**
   * Where events are sent. HTTPS on port 443 or 8443 of a public address; networks of their own that
   * operators allow may be called in other ways.
   * @example https://erp.example.com/hostledger
   */
  @MayBeAbsent()
  @IsString()
  @Length(1, 2_000)
  url?: string;

  @MayBeAbsent()
  @IsNested(() => WebhookFilterBody)
  filter?: WebhookFilterBody;

  /** @example Relocations for the ERP */
  @MayBeAbsent()
  @IsString()
  @Length(0, 300)
  description?: string;
}

export class WebhookParams {
  /** The webhook's id. */
  @IsUUID()
  webhookId: string;
}

export class DeadLetterParams extends WebhookParams {
  /** Of the event in the log. */
  @Matches(/^[1-9]\d{0,18}$/, { message: '$property is a position of the log' })
  position: string;
}
