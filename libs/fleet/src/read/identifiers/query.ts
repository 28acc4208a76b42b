import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { AnyRole, OwnObject, ReadAt, readReply, type ReadOptions } from '@hostledger/http';
import { minerUnknown } from '../../domain/miner.js';
import { MinerParams } from '../../http/forms.js';
import { ownMiner } from '../own.js';
import type { MinerRow } from '../miners/projection.js';
import type { IdentifierRow, Stay } from './projection.js';

interface Tables {
  miners: MinerRow;
  miner_identifiers: IdentifierRow;
}

/** More than any machine has of them, or than there are machines with the same one. */
const MAX_ROWS = 1_000;
/** Of these a machine has one at a time: the next one takes the place of the one before. */
const SINGLE: readonly string[] = ['mac', 'controlBoard'];

export class ComponentStayView {
  /** When it was received, read off or fitted; absent where it was in the machine before that. */
  from?: string;
  /** When it was removed, or another one took its place; absent while it is there. */
  to?: string;
}

export class ElsewhereView extends ComponentStayView {
  /** @example HKYDD1AABJHAG0002 */
  serial: string;
}

export class ComponentView extends ComponentStayView {
  /** @example hashboard */
  kind: IdentifierRow['kind'];
  /** @example HB-000123 */
  value: string;
  /** Other machines that have, or had, the same one: before it, after it, or by mistake. Not told to customers. */
  elsewhere?: ElsewhereView[];
}

export class MinerComponents {
  serial: string;
  /** By the time from which they are known. */
  items: ComponentView[];
}

interface Found {
  readonly own: readonly IdentifierRow[];
  readonly others: readonly IdentifierRow[];
}

@ApiTags('fleet')
@Controller('miners/:serial/components')
export class ComponentsController {
  constructor(private readonly readModels: ReadModels) {}

  @ApiOperation({
    summary: 'Numbers of a miner and of its parts: since when, until when, and where else',
  })
  @Get()
  @AnyRole()
  @OwnObject(ownMiner, { without: ['elsewhere'] })
  @ApiOkResponse({ type: MinerComponents })
  async components(@Param() { serial }: MinerParams, @ReadAt() at: ReadOptions) {
    const { position, value } = await this.readModels.read<Tables, Found | undefined>(
      at,
      async (db) => {
        const miner = db.selectFrom('miners').select('serial').where('serial', '=', serial);
        if (!(await miner.executeTakeFirst())) return undefined;
        const rows = db.selectFrom('miner_identifiers').selectAll().limit(MAX_ROWS);
        const own = await rows.where('serial', '=', serial).execute();
        const values = own.map((row) => row.value);
        if (values.length === 0) return { own, others: [] };
        const others = await rows
          .where('value', 'in', values)
          .where('serial', '<>', serial)
          .orderBy('serial')
          .execute();
        return { own, others };
      },
    );
    if (!value) throw minerUnknown(serial);
    return readReply(position, { serial, items: itemsOf(value) } satisfies MinerComponents);
  }
}

const itemsOf = ({ own, others }: Found): ComponentView[] => {
  const stays = own.flatMap(({ kind, value, stays: all }) =>
    all.map((stay) => ({ kind, value, ...stay })),
  );
  const inOrder = stays.sort((a, b) => order(a.from, b.from) || order(a.value, b.value));
  return inOrder.map((stay, index): ComponentView => {
    const next = SINGLE.includes(stay.kind)
      ? inOrder.slice(index + 1).find(({ kind }) => kind === stay.kind)?.from
      : undefined;
    const to = stay.to ?? next;
    const same = others.filter(({ kind, value }) => kind === stay.kind && value === stay.value);
    const elsewhere = same.flatMap(({ serial, stays: all }) =>
      all.map((other: Stay) => ({ serial, ...other })),
    );
    return { ...stay, ...(to !== undefined && { to }), elsewhere };
  });
};

/** What was there before anybody looked comes first. */
const order = (a = '', b = ''): number => (a < b ? -1 : a > b ? 1 : 0);

export const componentsQuery = { controllers: [ComponentsController], providers: [] };
