import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsUUID } from 'class-validator';
import { AggregateStore, type CommandContext } from '@hostledger/eventsourcing';
import { ActContext, reply, Roles } from '@hostledger/http';
import { revokeToken as revoke } from '../tokens.js';

export class TokenParams {
  @IsUUID()
  tokenId: string;
}

export class TokenRevokedReply {
  tokenId: string;
}

@ApiTags('access')
@Controller('access-tokens')
export class RevokeTokenController {
  constructor(private readonly store: AggregateStore) {}

  @ApiOperation({ summary: 'Revoke an access token; other processes notice within two seconds' })
  @Post(':tokenId/revocation')
  @HttpCode(200)
  @Roles('admin')
  @ApiOkResponse({ type: TokenRevokedReply })
  async revoke(@Param() { tokenId }: TokenParams, @ActContext() context: CommandContext) {
    return reply(await revoke(this.store, tokenId, context), { body: { tokenId } });
  }
}

export const revokeToken = { controllers: [RevokeTokenController], providers: [] };
