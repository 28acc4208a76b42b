import { Body, Controller, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ArrayNotEmpty, ArrayUnique, IsIn, IsISO8601, IsOptional, Length } from 'class-validator';
import { AggregateStore, type CommandContext } from '@hostledger/eventsourcing';
import { ActContext, reply, Roles, ROLES, type Role } from '@hostledger/http';
import { issueToken as issue } from '../tokens.js';

export class IssueTokenBody {
  /**
   * Who acts with the token; written on every event.
   * @example erp
   */
  @Length(1, 100)
  subject: string;

  /** @example ["operator"] */
  @ArrayNotEmpty()
  @ArrayUnique()
  @IsIn(ROLES, { each: true })
  roles: Role[];

  /**
   * ISO 8601 UTC; without it the token does not expire.
   * @example 2027-01-01T00:00:00.000Z
   */
  @IsOptional()
  @IsISO8601({ strict: true })
  expiresAt?: string;

  /** @example Order import of the ERP */
  @IsOptional()
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
    const { subject, roles, note = '' } = body;
    const expiresAt = body.expiresAt ? new Date(body.expiresAt).toISOString() : null;
    const { tokenId, token, handled } = await issue(
      this.store,
      { subject, roles, expiresAt, note },
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
