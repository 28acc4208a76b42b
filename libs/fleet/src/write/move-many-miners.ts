import { Controller, Post, Query } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { AggregateStore } from '@hostledger/eventsourcing';
import { startOperation, type StartedOperation } from '@hostledger/operations';
import { BulkRoute, reply, Roles, Upload, type BulkUpload } from '@hostledger/http';
import { FACILITY_CODE, RACK_CODE } from '@hostledger/sites';
import { IsIn } from 'class-validator';
import { MAX_SLOT, MayBeAbsent, serialField, wholeField } from '../http/forms.js';
import { checkLines, OperationAccepted, type LineRule } from '../http/lines.js';
import type { MoveLine } from '../process/bulk-moves.js';
import type { MoveKind } from '../process/move.js';

/** One move of an upload. */
export const moveLine = z.strictObject({
  serial: serialField,
  facility: z
    .string()
    .regex(FACILITY_CODE, 'Not the code of a facility')
    .meta({ example: 'DENTON' }),
  rack: z.string().regex(RACK_CODE, 'Not the code of a rack').meta({ example: 'A-01' }),
  slot: wholeField(1, MAX_SLOT).meta({ example: 12 }),
});

export class MovesQuery {
  /** What happens to the other lines when one is invalid. */
  @MayBeAbsent()
  @IsIn(['per-line', 'all-or-nothing'])
  mode?: string;
}

export class MoveManyMinersCommand extends Command<StartedOperation> {
  constructor(
    readonly kind: MoveKind,
    readonly upload: BulkUpload<MoveLine>,
  ) {
    super();
  }
}

@CommandHandler(MoveManyMinersCommand)
export class MoveManyMinersHandler implements ICommandHandler<MoveManyMinersCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ kind, upload: { lines, rejected, digest, context } }: MoveManyMinersCommand) {
    const refused = rejected.map(({ line, code, message }) => ({ line, code, message }));
    const upload = { kind, params: {}, lines, rejected: refused, digest };
    return startOperation(this.store, upload, context);
  }
}

@ApiTags('fleet')
@Controller()
export class MoveManyMinersController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Install miners from storage into slots, up to 100,000 at once',
    description: 'Every line is a move of its own, made in the background and refused on its own.',
  })
  @Post('installations')
  @Roles('operator')
  @BulkRoute(moveLine)
  @ApiAcceptedResponse({ type: OperationAccepted })
  install(@Query() { mode }: MovesQuery, @Upload(moveLine) upload: BulkUpload<MoveLine>) {
    return this.start('installation', upload, mode);
  }

  @ApiOperation({
    summary: 'Relocate installed miners to other slots, up to 100,000 at once',
    description:
      'Every line is a move of its own, made in the background and refused on its own. A slot that another line would free is still taken; send such moves in an upload of their own.',
  })
  @Post('relocations')
  @Roles('operator')
  @BulkRoute(moveLine)
  @ApiAcceptedResponse({ type: OperationAccepted })
  relocate(@Query() { mode }: MovesQuery, @Upload(moveLine) upload: BulkUpload<MoveLine>) {
    return this.start('relocation', upload, mode);
  }

  private async start(kind: MoveKind, sent: BulkUpload<MoveLine>, mode: string | undefined) {
    const upload = checkLines(sent, mode, eachMinerOnce());
    const started = await this.commands.execute(new MoveManyMinersCommand(kind, upload));
    const { operationId } = started;
    return reply(started, {
      status: 202,
      location: `/v1/operations/${operationId}`,
      body: {
        operationId,
        accepted: upload.lines.length,
        rejected: upload.rejected.length,
      } satisfies OperationAccepted,
    });
  }
}

/** Lines of an upload are performed side by side, so their order could not be kept. */
export const eachMinerOnce = (): LineRule<{ readonly serial: string }> => {
  const lineOf = new Map<string, number>();
  return ({ line, value: { serial } }) => {
    const before = lineOf.get(serial);
    if (before === undefined) {
      lineOf.set(serial, line);
      return undefined;
    }
    const message = `Miner ${serial} is on line ${before} already`;
    return { column: 'serial', code: 'move/miner-twice', message };
  };
};

export const moveManyMiners = {
  controllers: [MoveManyMinersController],
  providers: [MoveManyMinersHandler],
};
