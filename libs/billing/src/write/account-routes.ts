import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { deriveId, type CommandContext } from '@hostledger/eventsourcing';
import { ActContext, MayRefuse, reply, Roles } from '@hostledger/http';
import type { Account } from '../domain/account-state.js';
import {
  AccountDisputeParams,
  AccountParams,
  AccountPaymentParams,
  AccountWriteOffParams,
} from '../http/account-forms.js';
import {
  AccountChangedReply,
  ChargeLateFeesBody,
  CreditNoteReply,
  DepositDrawReply,
  DisputeReply,
  DisputeResolvedReply,
  DrawForStatementBody,
  IssueCreditNoteBody,
  LateFeesReply,
  PaymentReceivedReply,
  ProposeWriteOffBody,
  RaiseDisputeBody,
  ReceivePaymentBody,
  ReleaseReceivablesBody,
  ResolveDisputeBody,
  ReversePaymentBody,
  WriteOffReply,
} from './account-bodies.js';
import {
  ChangeAccountCommand,
  ChargeLateFeesCommand,
  DrawForStatementCommand,
  IssueCreditNoteCommand,
  RaiseDisputeCommand,
  ReceivePaymentCommand,
  ReleaseReceivablesCommand,
  ResolveDisputeCommand,
} from './change-account.js';

const NO_AMOUNT = [
  'account/unknown',
  'account/statement-unknown',
  'account/currency-foreign',
  'account/money-too-fine',
  'account/nothing',
] as const;
const NO_DAY = ['account/act-in-future', 'account/act-too-early'] as const;

const notesOf = (account: Account) => (account.status === 'unknown' ? [] : account.creditNotes);

@ApiTags('billing')
@Controller('billing/accounts/:contractId')
@Roles('billing')
export class AccountActsController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Record a payment of the customer',
    description:
      'It goes to the statements that the payer names, then to what is due first and not disputed. ' +
      'What is over waits for the next statement. The same reference, day and amount again are refused, ' +
      'unless the first one was reversed.',
  })
  @Post('payments')
  @ApiCreatedResponse({ type: PaymentReceivedReply })
  @MayRefuse(
    'account/payment-twice',
    'account/receivable-released',
    'account/act-in-future',
    'contract/unknown',
    'account/statement-unknown',
    'account/currency-foreign',
    'account/money-too-fine',
    'account/nothing',
  )
  async receive(
    @Param() { contractId }: AccountParams,
    @Body() body: ReceivePaymentBody,
    @ActContext() context: CommandContext,
  ) {
    const paymentId = deriveId(context.commandId, 'payment');
    const command = new ReceivePaymentCommand(contractId, { paymentId, ...body }, context);
    const done: PaymentReceivedReply = { contractId, paymentId };
    return reply(await this.commands.execute(command), { status: 201, body: done });
  }

  @ApiOperation({ summary: 'Record that a payment bounced: what it had paid is open again' })
  @Post('payments/:paymentId/reversal')
  @HttpCode(200)
  @ApiOkResponse({ type: PaymentReceivedReply })
  @MayRefuse('account/recorded-otherwise', 'account/unknown', 'account/payment-unknown', ...NO_DAY)
  async reverse(
    @Param() { contractId, paymentId }: AccountPaymentParams,
    @Body() body: ReversePaymentBody,
    @ActContext() context: CommandContext,
  ) {
    const data = { paymentId, ...body };
    const command = { type: 'ReversePayment', data, at: context.at } as const;
    const change = new ChangeAccountCommand(contractId, command, context);
    const done: PaymentReceivedReply = { contractId, paymentId };
    return reply(await this.commands.execute(change), { body: done });
  }

  @ApiOperation({
    summary: 'Issue a credit note, for no more than was charged',
    description:
      'What later statements give back of the same charges, or will, counts: adjustments, agreements ' +
      'and restatements. Where a line or a late fee is named, no more than that charges.',
  })
  @Post('credit-notes')
  @ApiCreatedResponse({ type: CreditNoteReply })
  @MayRefuse(
    'account/credit-exceeded',
    'account/credit-unclear',
    'account/late-fee-unknown',
    'account/statement-busy',
    'statement/line-unknown',
    ...NO_AMOUNT,
  )
  async credit(
    @Param() { contractId }: AccountParams,
    @Body() body: IssueCreditNoteBody,
    @ActContext() context: CommandContext,
  ) {
    const creditNoteId = deriveId(context.commandId, 'creditNote');
    const command = new IssueCreditNoteCommand(contractId, { creditNoteId, ...body }, context);
    const issued = await this.commands.execute(command);
    const note = notesOf(issued.state).find((each) => each.creditNoteId === creditNoteId);
    const number = note?.number ?? '';
    const done: CreditNoteReply = { contractId, creditNoteId, number };
    return reply(issued, { status: 201, body: done });
  }

  @ApiOperation({
    summary: 'Record that the customer disputes an amount: it is not collected',
    description: 'Of a line or a late fee that is named no more is disputed than that charges.',
  })
  @Post('disputes')
  @ApiCreatedResponse({ type: DisputeReply })
  @MayRefuse(
    'account/credit-unclear',
    'account/dispute-exceeded',
    'account/late-fee-unknown',
    'account/receivable-released',
    'account/statement-busy',
    'statement/line-unknown',
    ...NO_AMOUNT,
    ...NO_DAY,
  )
  async dispute(
    @Param() { contractId }: AccountParams,
    @Body() body: RaiseDisputeBody,
    @ActContext() context: CommandContext,
  ) {
    const disputeId = deriveId(context.commandId, 'dispute');
    const command = new RaiseDisputeCommand(contractId, { disputeId, ...body }, context);
    const done: DisputeReply = { contractId, disputeId };
    return reply(await this.commands.execute(command), { status: 201, body: done });
  }

  @ApiOperation({ summary: 'Uphold a dispute, which is credited, or reject it' })
  @Post('disputes/:disputeId/resolution')
  @HttpCode(200)
  @ApiOkResponse({ type: DisputeResolvedReply })
  @MayRefuse(
    'account/dispute-exceeded',
    'account/credit-exceeded',
    'account/rejected-amount',
    'account/recorded-otherwise',
    'account/dispute-unknown',
    'account/unknown',
    'account/money-too-fine',
    'account/nothing',
    ...NO_DAY,
  )
  async resolve(
    @Param() { contractId, disputeId }: AccountDisputeParams,
    @Body() body: ResolveDisputeBody,
    @ActContext() context: CommandContext,
  ) {
    const creditNoteId = deriveId(context.commandId, 'creditNote');
    const resolution = { disputeId, creditNoteId, ...body };
    const command = new ResolveDisputeCommand(contractId, resolution, context);
    const resolved = await this.commands.execute(command);
    const note = notesOf(resolved.state).find((each) => each.disputeId === disputeId);
    const done: DisputeResolvedReply = {
      ...{ contractId, disputeId },
      ...(note && { creditNoteId: note.creditNoteId }),
    };
    return reply(resolved, { body: done });
  }

  @ApiOperation({
    summary: 'Charge late fees by the terms for days on which statements were overdue',
    description:
      'For each day once: asked again, only what came since is charged. Each fee is a note with a number ' +
      'of the series of statements, which `GET /v1/statements/{statementId}` shows under the id of the fee.',
  })
  @Post('late-fees')
  @HttpCode(200)
  @ApiOkResponse({ type: LateFeesReply })
  @MayRefuse('account/unknown', 'account/act-in-future')
  async chargeLateFees(
    @Param() { contractId }: AccountParams,
    @Body() { throughOn }: ChargeLateFeesBody,
    @ActContext() context: CommandContext,
  ) {
    const command = new ChargeLateFeesCommand(contractId, throughOn, context);
    const { handled, notes } = await this.commands.execute(command);
    const lateFees = notes.map(({ chargedOn: _, number = '', ...fee }) => ({ ...fee, number }));
    const done: LateFeesReply = { contractId, lateFees };
    return reply(handled, { body: done });
  }

  @ApiOperation({
    summary: 'Propose to give an amount up; another subject approves',
    description:
      'Of a late fee where it is named: no more than is left of it, and what was billed is asked for as before. ' +
      'Else of the statement as a whole: of what was billed, then of its fees.',
  })
  @Post('write-offs')
  @ApiCreatedResponse({ type: WriteOffReply })
  @MayRefuse(
    'account/write-off-exceeded',
    'account/receivable-released',
    'account/late-fee-unknown',
    'account/statement-busy',
    ...NO_AMOUNT,
  )
  async proposeWriteOff(
    @Param() { contractId }: AccountParams,
    @Body() body: ProposeWriteOffBody,
    @ActContext() context: CommandContext,
  ) {
    const writeOffId = deriveId(context.commandId, 'writeOff');
    const data = { writeOffId, ...body, proposedBy: context.actor.subject };
    const command = { type: 'ProposeWriteOff', data, at: context.at } as const;
    const change = new ChangeAccountCommand(contractId, command, context);
    const done: WriteOffReply = { contractId, writeOffId };
    return reply(await this.commands.execute(change), { status: 201, body: done });
  }

  @ApiOperation({ summary: 'Approve a write-off that another subject proposed' })
  @Post('write-offs/:writeOffId/approval')
  @HttpCode(200)
  @ApiOkResponse({ type: WriteOffReply })
  @MayRefuse(
    'account/own-write-off',
    'account/write-off-exceeded',
    'account/write-off-unknown',
    'account/receivable-released',
    'account/unknown',
  )
  async approveWriteOff(
    @Param() { contractId, writeOffId }: AccountWriteOffParams,
    @ActContext() context: CommandContext,
  ) {
    const data = { writeOffId, approvedBy: context.actor.subject };
    const command = { type: 'ApproveWriteOff', data, at: context.at } as const;
    const change = new ChangeAccountCommand(contractId, command, context);
    const done: WriteOffReply = { contractId, writeOffId };
    return reply(await this.commands.execute(change), { body: done });
  }

  @ApiOperation({ summary: 'Keep a part of a deposit for what a statement asks for' })
  @Post('deposit-draws')
  @ApiCreatedResponse({ type: DepositDrawReply })
  @MayRefuse(
    'account/draw-exceeded',
    'account/draw-failed',
    'account/receivable-released',
    'contract/deposit-exceeded',
    'contract/deposit-unknown',
    'contract/deposit-not-received',
    'contract/deposit-currency',
    ...NO_AMOUNT,
    ...NO_DAY,
  )
  async draw(
    @Param() { contractId }: AccountParams,
    @Body() body: DrawForStatementBody,
    @ActContext() context: CommandContext,
  ) {
    const drawId = deriveId(context.commandId, 'draw');
    const command = new DrawForStatementCommand(contractId, { drawId, ...body }, context);
    const done: DepositDrawReply = { contractId, drawId };
    return reply(await this.commands.execute(command), { status: 201, body: done });
  }

  @ApiOperation({
    summary: 'Record that the claim to statements was released in a settlement',
    description:
      'The leg of the settlement, with the same customer, has released a claim that the host ' +
      'gives up. What is open of the statements is owed no more, and is not collected again.',
  })
  @Post('claim-releases')
  @HttpCode(200)
  @ApiOkResponse({ type: AccountChangedReply })
  @MayRefuse(
    'account/release-missing',
    'account/receivable-released',
    'account/statement-busy',
    'account/statement-unknown',
    'account/unknown',
    'account/act-in-future',
  )
  async release(
    @Param() { contractId }: AccountParams,
    @Body() body: ReleaseReceivablesBody,
    @ActContext() context: CommandContext,
  ) {
    const command = new ReleaseReceivablesCommand(contractId, { ...body }, context);
    const done: AccountChangedReply = { contractId };
    return reply(await this.commands.execute(command), { body: done });
  }
}

export const accountActs = { controllers: [AccountActsController], providers: [] };
