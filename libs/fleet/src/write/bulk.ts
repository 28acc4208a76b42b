import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { AggregateStore } from '@hostledger/eventsourcing';
import type { BulkUpload } from '@hostledger/http';
import { startOperation, type StartedOperation } from '@hostledger/operations';
import { asStored, operationStarted } from '../http/delivery-lines.js';
import { checkLines, type LineFault, type LineRule } from '../http/lines.js';
import type { BenchSwapLine, ComponentSwapLine, IdentificationLine } from '../process/bulk-life.js';

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

/** Answers 202 with the operation that performs the lines, each machine once unless said otherwise. */
export const startBulk = async <Line extends { readonly serial: string }>(
  commands: CommandBus,
  kind: string,
  sent: BulkUpload<Line>,
  mode: string | undefined,
  rule: LineRule<Line> = eachMinerOnce(),
) => {
  const upload = checkLines(sent, mode, rule);
  return operationStarted(await commands.execute(new StartBulkCommand(kind, upload)), upload);
};

/**
 * Lines of an upload are performed side by side, so their order could not be kept: each thing that
 * a line is about, by its name, comes on one line.
 */
export const eachOnce = <Line>(
  thingsOf: (value: Line) => readonly string[],
  faultOf: (thing: string, before: number) => LineFault,
): LineRule<Line> => {
  const lineOf = new Map<string, number>();
  return ({ line, value }) => {
    const things = thingsOf(value);
    const again = things.find((thing) => lineOf.has(thing));
    if (again !== undefined) return faultOf(again, lineOf.get(again)!);
    for (const thing of things) lineOf.set(thing, line);
    return undefined;
  };
};

export const eachMinerOnce = (): LineRule<{ readonly serial: string }> =>
  eachOnce(({ serial }) => [`Miner ${serial}`], minerTwice);

const minerTwice = (miner: string, before: number): LineFault => {
  const message = `${miner} is on line ${before} already`;
  return { column: 'serial', code: 'move/miner-twice', message };
};

/** A machine has one MAC and one control board, and several of the other parts. */
const IS_ONE = new Set<string>(['mac', 'controlBoard']);

const nameOf = (serial: string, kind: string, part: string): string =>
  IS_ONE.has(kind) ? `The ${kind} of miner ${serial}` : `${kind} ${part} of miner ${serial}`;

/** Several numbers can be read off one machine, each once. */
export const eachNumberOnce = (): LineRule<IdentificationLine> =>
  eachOnce(
    ({ serial, kind, value }) => [nameOf(serial, kind, value.toUpperCase())],
    (number, before) => {
      const message = `${number} is on line ${before} already`;
      return { column: 'value', code: 'miner/number-twice', message };
    },
  );

/** Several parts of one machine can be replaced, each once. */
export const eachPartOnce = (): LineRule<ComponentSwapLine> =>
  eachOnce(
    ({ serial, component, fittedSerial, removedSerial = fittedSerial }) =>
      [fittedSerial, removedSerial].map((part) => nameOf(serial, component, part)),
    (part, before) => {
      const message = `${part} is on line ${before} already`;
      return { column: 'fittedSerial', code: 'miner/part-twice', message };
    },
  );

/** A spare takes the place of one machine, and none takes its own. */
export const eachSwapOnce = (): LineRule<BenchSwapLine> =>
  eachOnce(({ serial, spareSerial }) => [`Miner ${serial}`, `Miner ${spareSerial}`], minerTwice);

export const bulk = { controllers: [], providers: [StartBulkHandler] };
