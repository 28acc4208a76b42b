import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  keysetPage,
  Page,
  ReadAt,
  readReply,
  Roles,
  type PageOf,
  type ReadOptions,
} from '@hostledger/http';
import type { AccessTables, AccessTokenRow } from './projection.js';

export class AccessTokenView {
  tokenId: string;
  /** @example erp */
  subject: string;
  /** @example ["operator"] */
  roles: string[];
  /** Ids of the customers whose objects alone it shows; absent for everybody's. */
  customers?: string[];
  note: string;
  issuedAt: string;
  issuedBy: string;
  expiresAt: string | null;
  revokedAt: string | null;
}

export class AccessTokenList {
  items: AccessTokenView[];
  nextCursor?: string;
}

@ApiTags('access')
@Controller('access-tokens')
export class AccessTokensController {
  constructor(private readonly readModels: ReadModels) {}

  @ApiOperation({ summary: 'List access tokens; their secrets are not kept' })
  @Get()
  @Roles('admin', 'auditor')
  @ApiOkResponse({ type: AccessTokenList })
  async list(@Query() page: Page, @ReadAt() at: ReadOptions) {
    const { position, value } = await this.readModels.read<AccessTables, PageOf<AccessTokenRow>>(
      at,
      (db) => keysetPage(db.selectFrom('access_tokens').selectAll(), page, ['token_id']),
    );
    const items = value.items.map((row): AccessTokenView => ({
      tokenId: row.token_id,
      subject: row.subject,
      roles: [...row.roles],
      ...(row.customers && { customers: [...row.customers] }),
      note: row.note,
      issuedAt: row.issued_at,
      issuedBy: row.issued_by,
      expiresAt: row.expires_at,
      revokedAt: row.revoked_at,
    }));
    return readReply(position, { ...value, items });
  }
}

export const tokensQuery = { controllers: [AccessTokensController], providers: [] };
