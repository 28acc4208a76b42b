import { Body, Controller, Param, Post } from '@nestjs/common';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsUUID, Length } from 'class-validator';
import {
  AggregateStore,
  deriveId,
  type CommandContext,
  type Handled,
} from '@hostledger/eventsourcing';
import { ActContext, IsCurrency, IsDay, IsMoney, MayRefuse, reply, Roles } from '@hostledger/http';
import {
  programmeReceiptsAggregate,
  programmeReceiptsId,
  toldUnder,
  type ProgrammeReceiptEvent,
  type ProgrammeReceipts,
} from '../domain/programme-receipts.js';
import { IsSiteCode } from '../http/meter-forms.js';
import '../http/meter-problems.js';
import { recordProgrammeReceipt, type NewReceipt } from '../process/meters.js';

export class ProgrammeReceiptBody {
  /** @example DENTON */
  @IsSiteCode()
  facility: string;

  /** Of the site; what the programme paid for. */
  @IsUUID()
  curtailmentId: string;

  /** @example "184250.00" */
  @IsMoney()
  amount: string;

  /**
   * ISO 4217.
   * @example USD
   */
  @IsCurrency()
  currency: string;

  /**
   * A day of the zone of the site, not before the curtailment began; the receipt belongs to the period
   * that it is in.
   * @example 2024-08-15
   */
  @IsDay()
  receivedOn: string;

  /**
   * How the programme calls what it paid. Under one reference a curtailment is paid for once, on
   * whatever day.
   * @example ERS-2024-06-SETTLEMENT-0193
   */
  @Length(1, 200)
  reference: string;
}

export class ProgrammeReceiptReply {
  receiptId: string;
}

export class ReverseReceiptBody {
  /** @example DENTON */
  @IsSiteCode()
  facility: string;

  /** That it is recorded for. */
  @IsUUID()
  curtailmentId: string;

  /** @example The programme took it back */
  @Length(1, 500)
  cause: string;
}

export class ReceiptParams {
  @IsUUID()
  receiptId: string;
}

type HandledReceipts = Handled<ProgrammeReceipts, ProgrammeReceiptEvent>;

export class RecordProgrammeReceiptCommand extends Command<HandledReceipts> {
  constructor(
    readonly receipt: NewReceipt,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(RecordProgrammeReceiptCommand)
export class RecordProgrammeReceiptHandler implements ICommandHandler<RecordProgrammeReceiptCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ receipt, context }: RecordProgrammeReceiptCommand) {
    return recordProgrammeReceipt(this.store, receipt, context);
  }
}

export class ReverseProgrammeReceiptCommand extends Command<HandledReceipts> {
  constructor(
    readonly receiptId: string,
    readonly of: ReverseReceiptBody,
    readonly context: CommandContext,
  ) {
    super();
  }
}

@CommandHandler(ReverseProgrammeReceiptCommand)
export class ReverseProgrammeReceiptHandler implements ICommandHandler<ReverseProgrammeReceiptCommand> {
  constructor(private readonly store: AggregateStore) {}

  execute({ receiptId, of, context }: ReverseProgrammeReceiptCommand) {
    const { facility, curtailmentId, cause } = of;
    const data = { receiptId, cause };
    const command = { type: 'ReverseProgrammeReceipt', data, at: context.at } as const;
    const id = programmeReceiptsId(facility, curtailmentId);
    return this.store.handle(programmeReceiptsAggregate, id, command, context);
  }
}

@ApiTags('billing')
@Controller('billing/programme-receipts')
@Roles('billing')
export class ProgrammeReceiptsController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Record what a demand-response or resale programme paid for a curtailment',
    description: 'The same receipt again changes nothing and is answered with the one there is.',
  })
  @Post()
  @ApiCreatedResponse({ type: ProgrammeReceiptReply })
  @MayRefuse(
    'programme-receipt/curtailment-unknown',
    'programme-receipt/curtailment-cancelled',
    'programme-receipt/told-otherwise',
    'programme-receipt/not-come',
    'programme-receipt/before-curtailment',
    'programme-receipt/not-an-amount',
  )
  async record(@Body() body: ProgrammeReceiptBody, @ActContext() context: CommandContext) {
    const receiptId = deriveId(context.commandId, 'receipt');
    const receipt = { receiptId, ...body };
    const handled = await this.commands.execute(
      new RecordProgrammeReceiptCommand(receipt, context),
    );
    return reply(handled, {
      status: 201,
      location: '/v1/billing/programme-receipts',
      body: { receiptId: recordedAs(handled.state, receipt) } satisfies ProgrammeReceiptReply,
    });
  }

  @ApiOperation({ summary: 'Reverse a receipt that was taken back, or never came' })
  @Post(':receiptId/reversal')
  @ApiOkResponse({ type: ProgrammeReceiptReply })
  @MayRefuse('programme-receipt/unknown')
  async reverse(
    @Param() { receiptId }: ReceiptParams,
    @Body() body: ReverseReceiptBody,
    @ActContext() context: CommandContext,
  ) {
    const command = new ReverseProgrammeReceiptCommand(receiptId, { ...body }, context);
    const handled = await this.commands.execute(command);
    return reply(handled, {
      status: 200,
      location: '/v1/billing/programme-receipts',
      body: { receiptId } satisfies ProgrammeReceiptReply,
    });
  }
}

/** The id under which it is known: of this act, or of the one that told the same before. */
const recordedAs = (receipts: ProgrammeReceipts, { receiptId, reference }: NewReceipt): string =>
  receipts.has(receiptId) ? receiptId : (toldUnder(reference, receipts)?.receiptId ?? receiptId);

export const programmeReceipts = {
  controllers: [ProgrammeReceiptsController],
  providers: [RecordProgrammeReceiptHandler, ReverseProgrammeReceiptHandler],
};
