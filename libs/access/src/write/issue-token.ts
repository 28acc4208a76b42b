import { Body, Controller, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  ArrayUnique,
  IsIn,
  IsISO8601,
  IsUUID,
  Length,
  Matches,
} from 'class-validator';
import { AggregateStore, type CommandContext } from '@hostledger/eventsourcing';
import { ActContext, MayBeAbsent, reply, type Role, Roles, ROLES } from '@hostledger/http';
import { SUBJECT_FORM } from '../domain/subject.js';
import { issueToken as issue } from '../tokens.js';

const MAX_CUSTOMERS = 100;

export class IssueTokenBody {
  /**
   * Who acts with the token; written on every event. A person whom an OIDC issuer knows has one
   * subject, `oidc:<issuer>#<name>`: tokens for that person are issued to it.
   * @example erp
   */
  @Matches(SUBJECT_FORM, {
    message: '$property is 1 to 200 letters, digits and . _ @ : + / # | = ~ -',
  })
  subject: string;

  /** @example ["operator"] */
  @ArrayNotEmpty()
  @ArrayUnique()
  @IsIn(ROLES, { each: true })
  roles: Role[];

  /**
   * Ids of the customers whose objects alone the token shows; without it, everybody's.
   * @example ["5f0c1f3a-0c7e-5b1e-9d2a-2f6f0c8b7a11"]
   */
  @MayBeAbsent()
  @ArrayNotEmpty()
  @ArrayMaxSize(MAX_CUSTOMERS)
  @IsUUID('all', { each: true })
  customers?: string[];

  /**
   * ISO 8601 UTC; without it the token does not expire.
   * @example 2027-01-01T00:00:00.000Z
   */
  @MayBeAbsent()
  @Matches(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z$/, {
    message: '$property is an instant in UTC, such as 2027-01-01T00:00:00Z',
  })
  @IsISO8601({ strict: true })
  expiresAt?: string;

  /** @example Order import of the ERP */
  @MayBeAbsent()
  @Length(0, 300)
  note?: string;
}

export class TokenIssuedReply {
  tokenId: string;
  /** Shown now and never again. */
  token: string;
}

@ApiTags('access')
@Controller('access-tokens')
export class IssueTokenController {
  constructor(private readonly store: AggregateStore) {}

  @ApiOperation({
    summary: 'Issue an access token; repeating the request cannot show its secret again',
  })
  @Post()
  @Roles('admin')
  @ApiCreatedResponse({ type: TokenIssuedReply })
  async issue(@Body() body: IssueTokenBody, @ActContext() context: CommandContext) {
    const { subject, roles, customers, note = '' } = body;
    const expiresAt = body.expiresAt === undefined ? null : new Date(body.expiresAt).toISOString();
    const { tokenId, token, handled } = await issue(
      this.store,
      { subject, roles, expiresAt, note, ...(customers && { customers }) },
      context,
    );
    return reply(handled, {
      status: 201,
      location: `/v1/access-tokens/${tokenId}`,
      body: { tokenId, token } satisfies TokenIssuedReply,
    });
  }
}

export const issueToken = { controllers: [IssueTokenController], providers: [] };
