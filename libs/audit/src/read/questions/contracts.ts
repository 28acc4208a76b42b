import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsUUID } from 'class-validator';
import {
  contractAggregate,
  contractOnDay,
  type ContractEvent,
  type CustomerAllocated,
  type TermsAdopted,
  type TermsCorrected,
} from '@hostledger/contracts';
import type { Recorded, RecordedEvent } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { AsOfQuery, MayRefuse, readReply, Roles } from '@hostledger/http';
import { amountOf, amountText } from '@hostledger/quantities';
import '../../http/as-of-problems.js';
import { CitedEventView, citedView } from '../cited.js';
import { asked, QuestionAnswer } from './asked.js';

export class AskedContractParams {
  @IsUUID()
  contractId: string;
}

/** What somebody said that the terms are. */
export class TermsStatementView {
  version: number;
  /** Whether this is what is in force on the day. */
  inForce: boolean;
  /** @example 2023-09-25 */
  effectiveOn: string;
  /** SHA-256 of the document that it is in. */
  documentDigest: string;
  /** `correction`: what had been recorded of that version was wrong. */
  kind: 'adoption' | 'correction';
  /** What is different from the version before, in the words of the parties; or what was recorded wrongly. */
  changes?: string;
  /** With deposit, caps and consents, as it was recorded; see the event catalogue. */
  terms: Record<string, unknown>;
  /** Who said so, when and why. */
  said: CitedEventView;
}

export class AskedSignatoryView {
  /** For whom. */
  party: string;
  name: string;
}

/** The signature of the contract. */
export class ExecutionStatementView {
  /** @example 2023-09-25 */
  executedOn: string;
  /** SHA-256 of the signed document. */
  documentDigest: string;
  signatories: AskedSignatoryView[];
  said: CitedEventView;
}

export class TermsAnswer extends QuestionAnswer {
  contractId: string;
  /** Whose contract it was on the day. */
  customerId: string;
  /** Who signed it, where that had happened by the day. */
  executed?: ExecutionStatementView;
  /** Of the version in force; absent before the first one takes effect. */
  version?: number;
  /** Everything that was known to be said of the terms, in the order in which it was recorded. */
  statements: TermsStatementView[];
}

export class AllocationOnDayView {
  allocationId: string;
  orderId: string;
  /** @example DENTON */
  facility: string;
  /** In effect on the day: what was given less what was given back. */
  units: number;
  powerWatts: number;
  /** Who gave it, and who reduced it. */
  said: CitedEventView[];
}

export class AllocationsAnswer extends QuestionAnswer {
  contractId: string;
  units: number;
  powerWatts: number;
  allocations: AllocationOnDayView[];
}

export class DepositSaidView {
  depositId: string;
  kind: 'received' | 'drawn' | 'refunded';
  /** @example 2023-10-02 */
  on: string;
  /** Decimal, in the currency of the contract. */
  amount: string;
  currency: string;
  /** Of the payment, as the bank calls it. */
  reference: string;
  /** What it was kept for. */
  cause?: string;
  said: CitedEventView;
}

export class DepositsAnswer extends QuestionAnswer {
  contractId: string;
  /**
   * On the day, in all deposits together.
   * @example "7800000.00"
   */
  held: string;
  movements: DepositSaidView[];
}

const refusals = ['audit/stream-unknown', 'audit/not-known-then', 'audit/state-untold'] as const;

@ApiTags('audit')
@Controller('audit/contracts/:contractId')
@Roles('auditor')
export class ContractQuestionsController {
  constructor(private readonly log: EventStore) {}

  @ApiOperation({
    summary:
      'Which terms were in force on a day, as known at a moment: who said so, in which document',
    description:
      'Every adoption and correction that was known by then, with its actor, its reason and the digest of its document; of one that had not been recorded, nothing counts.',
  })
  @Get('terms')
  @ApiOkResponse({ type: TermsAnswer })
  @MayRefuse(...refusals)
  async terms(@Param() { contractId }: AskedContractParams, @Query() moment: AsOfQuery) {
    const { position, known, day, answer } = await this.asked(contractId, moment);
    const contract = contractOnDay(known, day)!;
    const statements = known.flatMap((event) => {
      const { type } = event as unknown as ContractEvent;
      if (type !== 'TermsAdopted' && type !== 'TermsCorrected') return [];
      return [statementView(event as Said, contract.terms?.recorded.eventId)];
    });
    const { customerId, terms } = contract;
    const body: TermsAnswer = {
      ...answer,
      ...{ contractId, customerId, statements },
      ...(terms && { version: terms.version }),
      ...executionIn(known, day),
    };
    return readReply(position, body);
  }

  @ApiOperation({
    summary: 'Which capacity a customer was allocated on a day, as known at a moment',
  })
  @Get('allocations')
  @ApiOkResponse({ type: AllocationsAnswer })
  @MayRefuse(...refusals)
  async allocations(@Param() { contractId }: AskedContractParams, @Query() moment: AsOfQuery) {
    const { position, known, day, answer } = await this.asked(contractId, moment);
    const { units, powerWatts } = contractOnDay(known, day)!.allocated;
    const allocations = allocationsOn(known, day);
    return readReply(position, {
      ...answer,
      ...{ contractId, units, powerWatts, allocations },
    } satisfies AllocationsAnswer);
  }

  @ApiOperation({ summary: 'What was held of deposits on a day, as known at a moment, and why' })
  @Get('deposits')
  @ApiOkResponse({ type: DepositsAnswer })
  @MayRefuse(...refusals)
  async deposits(@Param() { contractId }: AskedContractParams, @Query() moment: AsOfQuery) {
    const { position, known, day, answer } = await this.asked(contractId, moment);
    const movements = known.flatMap(movementIn).filter(({ on }) => on <= day);
    const held = movements.reduce((sum, { kind, amount }) => {
      return kind === 'received' ? sum + amountOf(amount) : sum - amountOf(amount);
    }, 0n);
    return readReply(position, {
      ...answer,
      ...{ contractId, held: amountText(held), movements },
    } satisfies DepositsAnswer);
  }

  private asked(contractId: string, moment: AsOfQuery) {
    return asked<ContractEvent>(this.log, contractAggregate, contractId, moment);
  }
}

type Said = Recorded<TermsAdopted | TermsCorrected>;

const statementView = (event: Said, inForce: string | undefined): TermsStatementView => {
  const { contractId: _, version, effectiveOn, documentDigest, ...terms } = event.data;
  const isCorrection = event.type === 'TermsCorrected';
  const changes = event.type === 'TermsCorrected' ? event.data.cause : event.data.changes;
  return {
    ...{ version, inForce: event.id === inForce, effectiveOn, documentDigest },
    kind: isCorrection ? 'correction' : 'adoption',
    ...(changes !== undefined && { changes }),
    terms: { ...terms },
    said: citedView(event),
  };
};

const executionIn = (
  known: readonly RecordedEvent<ContractEvent>[],
  day: string,
): Pick<TermsAnswer, 'executed'> => {
  for (const recorded of known) {
    const event = recorded as unknown as ContractEvent;
    if (event.type !== 'ContractExecuted' || event.data.executedOn > day) continue;
    const { executedOn, documentDigest, signatories } = event.data;
    const parties = signatories.map(({ party, name }) => ({ party, name }));
    const said = citedView(recorded);
    return { executed: { executedOn, documentDigest, signatories: parties, said } };
  }
  return {};
};

const allocationsOn = (
  known: readonly RecordedEvent<ContractEvent>[],
  day: string,
): AllocationOnDayView[] => {
  const allocations = new Map<string, AllocationOnDayView>();
  for (const recorded of known) {
    const event = recorded as unknown as ContractEvent;
    if (event.type === 'CustomerAllocated' && event.data.effectiveOn <= day) {
      const { allocationId } = event.data;
      allocations.set(allocationId, { ...given(event), said: [citedView(recorded)] });
    }
    if (event.type !== 'AllocationReduced' || event.data.effectiveOn > day) continue;
    const before = allocations.get(event.data.allocationId);
    if (!before) continue;
    allocations.set(event.data.allocationId, {
      ...before,
      units: before.units - event.data.units,
      powerWatts: before.powerWatts - event.data.powerWatts,
      said: [...before.said, citedView(recorded)],
    });
  }
  return [...allocations.values()];
};

const given = ({ data }: CustomerAllocated) => {
  const { allocationId, orderId, facility, units, powerWatts } = data;
  return { allocationId, orderId, facility, units, powerWatts };
};

const movementIn = (recorded: RecordedEvent<ContractEvent>): DepositSaidView[] => {
  const event = recorded as unknown as ContractEvent;
  const said = citedView(recorded);
  switch (event.type) {
    case 'DepositReceived': {
      const { depositId, receivedOn: on, amount, currency, reference } = event.data;
      return [{ depositId, kind: 'received', on, amount, currency, reference, said }];
    }
    case 'DepositDrawn': {
      const { depositId, drawnOn: on, amount, currency, reference, cause } = event.data;
      return [{ depositId, kind: 'drawn', on, amount, currency, reference, cause, said }];
    }
    case 'DepositRefunded': {
      const { depositId, refundedOn: on, amount, currency, reference } = event.data;
      return [{ depositId, kind: 'refunded', on, amount, currency, reference, said }];
    }
    default:
      return [];
  }
};

export const contractQuestions = { controllers: [ContractQuestionsController], providers: [] };
