import { contractAggregate, type DepositDrawn } from '@hostledger/contracts';
import {
  contextOfEvent,
  DomainError,
  processItemColumns,
  RevisionMismatch,
  stepOf,
  streamName,
  tableFold,
  type AggregateStore,
  type CommandContext,
  type DurableProcess,
  type Handled,
  type ProcessItem,
} from '@hostledger/eventsourcing';
import type { DepositDraw } from '../domain/account-commands.js';
import type {
  AccountEvent,
  DepositApplied,
  DepositDrawBegan,
  DepositDrawFailed,
} from '../domain/account-events.js';
import { mustBeOpened, refused } from '../domain/account-refusals.js';
import type { Account } from '../domain/account-state.js';
import { accountAggregate } from '../domain/account.js';

/** Whoever began is given this long to finish before the worker steps in. */
const GRACE_MS = 30_000;
const NEVER = '9999-12-31T00:00:00.000Z';

/** A draw of this account, with all that the contract needs. */
export type Draw = Omit<DepositDrawBegan['data'], 'customerId' | 'statementId'>;

/**
 * Keeps a part of a deposit for a statement, across two streams: the account holds the amount back
 * (the intent), the contract draws it, and the account counts it. Where the contract refuses after
 * all, the account says so and the amount is open again. What the contract has drawn counts in any
 * case, also of a writer that stalled past the end of its draw.
 *
 * Refusals that can be seen beforehand leave no trace. `If-Match` guards the account.
 */
export const drawForStatement = async (
  store: AggregateStore,
  contractId: string,
  told: DepositDraw,
  context: CommandContext,
): Promise<Handled<Account, AccountEvent>> => {
  const { state, revision } = await store.load(accountAggregate, contractId, { fresh: true });
  const account = mustBeOpened(state);
  const begin = { type: 'BeginDepositDraw', data: told, at: context.at } as const;
  if (!account.draws.some(({ drawId }) => drawId === told.drawId)) {
    const { expectedRevision } = context;
    if (expectedRevision !== undefined && expectedRevision !== revision) {
      throw new RevisionMismatch(
        streamName(accountAggregate, contractId),
        expectedRevision,
        revision,
      );
    }
    const [began] = accountAggregate.decide(begin, account);
    if (began?.type === 'DepositDrawBegan') await mayDraw(store, drawOf(began), context);
  }
  const begun = await store.handle(accountAggregate, contractId, begin, context);
  const draw = mustBeOpened(begun.state).draws.find(({ drawId }) => drawId === told.drawId);
  if (!draw) throw new Error(`Draw ${told.drawId} was not begun`);
  if (draw.status === 'failed') {
    throw refused('account/draw-failed', 'The draw was given up; ask for it again', {
      drawId: told.drawId,
    });
  }
  const settled = await settle(store, drawOf({ data: { contractId, ...draw } }), context);
  if ('refusal' in settled) throw settled.refusal;
  return { ...settled.made, replayed: begun.replayed };
};

const drawOf = ({ data }: { data: Draw }): Draw => {
  const { contractId, drawId, depositId, currency, amount, drawnOn, reference, cause } = data;
  return { contractId, drawId, depositId, currency, amount, drawnOn, reference, cause };
};

const drawing = ({ contractId: _, ...data }: Draw, at: string) =>
  ({ type: 'DrawDeposit', data, at }) as const;

/** The contract would have it drawn; decided without writing anything. */
const mayDraw = async (
  store: AggregateStore,
  draw: Draw,
  { at }: CommandContext,
): Promise<void> => {
  const { state } = await store.load(contractAggregate, draw.contractId, { fresh: true });
  contractAggregate.decide(drawing(draw, at), state);
};

type Settled =
  { readonly made: Handled<Account, AccountEvent> } | { readonly refusal: DomainError };

/** Draws what was begun and counts it, or says that the contract refused. */
const settle = async (
  store: AggregateStore,
  draw: Draw,
  context: CommandContext,
): Promise<Settled> => {
  const { contractId, drawId } = draw;
  const { at } = context;
  const refusal = await store
    .handle(contractAggregate, contractId, drawing(draw, at), stepOf(context, 'draw'))
    .then(() => undefined)
    .catch((error: unknown) => {
      if (error instanceof DomainError) return error;
      throw error;
    });
  if (refusal) {
    const { code, message: detail } = refusal;
    const fail = { type: 'FailDepositDraw', data: { drawId, code, detail }, at } as const;
    await store.handle(accountAggregate, contractId, fail, stepOf(context, 'fail'));
    return { refusal };
  }
  const apply = { type: 'ApplyDepositDraw', data: { drawId }, at } as const;
  const step = stepOf(context, 'apply');
  return { made: await store.handle(accountAggregate, contractId, apply, step) };
};

/** A draw that is neither counted nor given up; or that was drawn after it was given up. */
export interface PendingDraw extends ProcessItem {
  readonly draw: Draw;
  /** Of the command that began it. */
  readonly context: CommandContext;
}

const ofDraw = ({ data }: { data: { drawId: string } }) => [{ item_id: data.drawId }];

export const pendingDraws = tableFold<
  PendingDraw,
  DepositDrawBegan | DepositDrawFailed | DepositApplied | DepositDrawn
>({
  table: {
    name: 'deposit_draws_to_settle',
    columns: { ...processItemColumns, draw: 'jsonb', context: 'jsonb' },
    key: ['item_id'],
  },
  keys: {
    DepositDrawBegan: ofDraw,
    DepositDrawFailed: ofDraw,
    DepositApplied: ofDraw,
    DepositDrawn: ofDraw,
  },
  evolve: (row, event) => {
    const due = new Date(Date.parse(event.recordedAt) + GRACE_MS).toISOString();
    switch (event.type) {
      case 'DepositDrawBegan':
        return {
          item_id: event.data.drawId,
          due_at: due,
          cause_id: event.id,
          correlation_id: event.metadata.$correlationId,
          draw: drawOf(event),
          context: contextOfEvent(event),
        };
      case 'DepositDrawFailed':
        return row && { ...row, due_at: NEVER };
      case 'DepositDrawn':
        return row && { ...row, due_at: due };
      default:
        return undefined;
    }
  },
});

/** Finishes draws that an account began and that a crash left. */
export const depositDrawsProcess = (store: AggregateStore): DurableProcess<PendingDraw> => ({
  name: 'deposit_draws',
  version: 1,
  items: pendingDraws,
  perform: async ({ draw, context }) => {
    await settle(store, draw, context);
  },
});
