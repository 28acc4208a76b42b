import { contractAggregate, type Contract, type ContractCommand } from '@hostledger/contracts';
import {
  DomainError,
  processContext,
  processItemColumns,
  RevisionMismatch,
  tableFold,
  type AggregateStore,
  type CommandContext,
  type DurableProcess,
  type ProcessItem,
} from '@hostledger/eventsourcing';
import { dayIn, startOf } from '@hostledger/quantities';
import type { AccountCommand } from '../domain/account-commands.js';
import { accountEvents, type AccountEvent } from '../domain/account-events.js';
import { nextStep } from '../domain/account-ladder.js';
import {
  evolveAccount,
  type Account,
  type KnownAccount,
  type NonPaymentAct,
} from '../domain/account-state.js';
import { accountAggregate } from '../domain/account.js';

const NAME = 'non_payment_ladder';
const NEVER = '9999-12-31T00:00:00.000Z';
/** Tries of one act on a contract that others keep changing. */
const MAX_ATTEMPTS = 3;

/** An account; due when its next step is, or at once while the contract is to be asked. */
export interface LadderItem extends ProcessItem {
  readonly state: KnownAccount;
}

const ofAccount = ({ data }: { data: { contractId: string } }) => [{ item_id: data.contractId }];
const ofEvery = Object.fromEntries(
  Object.keys(accountEvents).map((type) => [type, ofAccount]),
) as Record<AccountEvent['type'], typeof ofAccount>;

/** Pure: when something is to be done about what stays unpaid. */
export const laddersToClimb = tableFold<LadderItem, AccountEvent>({
  table: {
    name: 'ladders_to_climb',
    columns: { ...processItemColumns, state: 'jsonb' },
    key: ['item_id'],
  },
  keys: ofEvery,
  evolve: (row, event) => {
    const state: Account = evolveAccount(row?.state ?? { status: 'unknown' }, event);
    if (state.status === 'unknown') return undefined;
    return {
      item_id: state.contractId,
      due_at: dueAt(state, event.recordedAt),
      cause_id: event.id,
      correlation_id: event.metadata.$correlationId,
      state,
    };
  },
});

const dueAt = (account: KnownAccount, now: string): string => {
  if (account.acts.length > 0) return now;
  const next = nextStep(account);
  return next ? startOf(account.timeZone, next.on) : NEVER;
};

/**
 * Takes the steps for what stays unpaid. Each is decided on the account first, at its exact
 * revision; what concerns the contract is asked of it next, and its answer is recorded. A payment
 * that comes between the two does not take the act back: service that was suspended is resumed
 * after it.
 */
export const nonPaymentLadderProcess = (store: AggregateStore): DurableProcess<LadderItem> => ({
  name: NAME,
  version: 4,
  items: laddersToClimb,
  perform: async ({ item_id, cause_id, correlation_id }, { at, signal }) => {
    const cause = { id: cause_id, correlationId: correlation_id };
    while (!signal.aborted && (await stepOn(store, item_id, cause, at)));
  },
});

interface Cause {
  readonly id: string;
  readonly correlationId: string;
}

/** @returns whether something was done; then there may be more. */
const stepOn = async (
  store: AggregateStore,
  contractId: string,
  cause: Cause,
  at: string,
): Promise<boolean> => {
  const { state, revision } = await store.load(accountAggregate, contractId, { fresh: true });
  if (state.status === 'unknown') return false;
  const [act] = state.acts;
  if (act) {
    const command = await ask(store, state, act, cause, at);
    const context = contextOfAct(act, cause, at, command.type);
    const { events } = await store.handle(accountAggregate, contractId, command, context);
    return events.length > 0;
  }
  const next = nextStep(state);
  if (!next || next.on > dayIn(state.timeZone, at)) return false;
  const { statementId, step } = next;
  const command = { type: 'ClimbLadder', data: { statementId, step }, at } as const;
  const context = processContext(NAME, cause, at, statementId, step, revision.toString());
  const { events } = await store.handle(accountAggregate, contractId, command, context);
  return events.length > 0;
};

/** An act has the same command ids, whichever event has it performed. */
const contextOfAct = (
  { actId }: NonPaymentAct,
  cause: Cause,
  at: string,
  step: string,
): CommandContext => ({
  ...processContext(NAME, { ...cause, id: actId }, at, step),
  causationId: cause.id,
});

/** Asks the contract, and says what it answered. */
const ask = async (
  store: AggregateStore,
  account: KnownAccount,
  act: NonPaymentAct,
  cause: Cause,
  at: string,
): Promise<AccountCommand> => {
  const { actId } = act;
  const { contractId, suspension } = account;
  const context = contextOfAct(act, cause, at, act.act);
  const { state } = await store.load(contractAggregate, contractId, { fresh: true });
  const { customerId } = state.status === 'unknown' ? account : state;
  if (act.act === 'suspend' && suspension) {
    const { suspendedOn } = suspension;
    const inForce = suspensionOf(state);
    if (inForce?.cause === 'nonPayment' && inForce.suspendedOn === suspendedOn) {
      return { type: 'ConfirmNonPaymentAct', data: { actId, customerId, suspendedOn }, at };
    }
  }
  try {
    if (act.act === 'resume') await resume(store, contractId, act, context);
    else await store.handle(contractAggregate, contractId, actOn(act, at), context);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    const { code, message: detail } = error;
    return { type: 'RefuseNonPaymentAct', data: { actId, customerId, code, detail }, at };
  }
  return { type: 'ConfirmNonPaymentAct', data: { actId, customerId }, at };
};

const actOn = ({ act, on, clauseRef }: NonPaymentAct, at: string): ContractCommand => {
  const cause = 'nonPayment' as const;
  switch (act) {
    case 'suspend': {
      const data = { suspendedOn: on, cause, ...(clauseRef !== undefined && { clauseRef }) };
      return { type: 'SuspendService', data, at };
    }
    case 'resume':
      return { type: 'ResumeService', data: { resumedOn: on }, at };
    case 'terminate':
      return { type: 'TerminateContract', data: { terminatedOn: on, cause }, at };
  }
};

/** Of a contract whose service is suspended: why, and since when. */
const suspensionOf = (contract: Contract) => {
  if (contract.status !== 'executed' || contract.lifecycle.stage !== 'suspended') return undefined;
  const suspended = contract.acts.get('ServiceSuspended');
  return suspended?.type === 'ServiceSuspended' ? suspended.data : undefined;
};

/** Only what is suspended for non-payment: whoever suspended it again for another cause decides. */
const resume = async (
  store: AggregateStore,
  contractId: string,
  act: NonPaymentAct,
  context: CommandContext,
): Promise<void> => {
  for (let attempt = 1; ; attempt += 1) {
    const loaded = await store.load(contractAggregate, contractId, { fresh: true });
    const { state, revision: expectedRevision, commands } = loaded;
    const isDone = commands.some(({ id }) => id === context.commandId);
    const inForce = suspensionOf(state);
    if (!isDone && inForce && inForce.cause !== 'nonPayment') {
      throw new DomainError(
        'conflict',
        'account/suspended-otherwise',
        `Service is suspended for another cause: ${inForce.cause}`,
      );
    }
    const guarded = { ...context, expectedRevision };
    try {
      await store.handle(contractAggregate, contractId, actOn(act, context.at), guarded);
      return;
    } catch (error) {
      if (!(error instanceof RevisionMismatch) || attempt >= MAX_ATTEMPTS) throw error;
    }
  }
};
