import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  ArrayUnique,
  IsObject,
  IsString,
  IsUUID,
  Length,
  Matches,
  ValidateIf,
  ValidateNested,
} from 'class-validator';

/** May be left out; unlike `IsOptional` it does not let null through. */
export const MayBeAbsent = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);

const MAX_NAMES = 100;
const NAME = /^[A-Za-z][\w.]{0,99}$/;

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
  @Matches(NAME, { each: true, message: '$property holds names of kinds of streams' })
  categories?: string[];

  /** @example ["MinerRelocated"] */
  @MayBeAbsent()
  @ArrayNotEmpty()
  @ArrayMaxSize(MAX_NAMES)
  @ArrayUnique()
  @Matches(NAME, { each: true, message: '$property holds types of events' })
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
  @IsObject()
  @ValidateNested()
  @Type(() => WebhookFilterBody)
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
