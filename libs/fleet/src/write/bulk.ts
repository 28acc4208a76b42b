import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { AggregateStore } from '@hostledger/eventsourcing';
import type { BulkUpload } from '@hostledger/http';
import { startOperation, type StartedOperation } from '@hostledger/operations';
import { asStored, operationStarted } from '../http/delivery-lines.js';
import { checkLines, type LineRule } from '../http/lines.js';

/** An upload whose lines are all there is to it. */
export class StartBulkCommand extends Command<StartedOperation> {
  constructor(
    readonly kind: string,
    readonly upload: BulkUpload<object>,
  ) {
    super();
  }
}

@CommandHandler(StartBulkCommand)
export class StartBulkHandler implements ICommandHandler<StartBulkCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ kind, upload }: StartBulkCommand) {
    return startOperation(this.store, { kind, params: {}, ...asStored(upload) }, upload.context);
  }
}

/** Answers 202 with the operation that performs the lines, each machine once. */
export const startBulk = async (
  commands: CommandBus,
  kind: string,
  sent: BulkUpload<{ readonly serial: string }>,
  mode: string | undefined,
) => {
  const upload = checkLines(sent, mode, eachMinerOnce());
  return operationStarted(await commands.execute(new StartBulkCommand(kind, upload)), upload);
};

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

export const bulk = { controllers: [], providers: [StartBulkHandler] };
