import { contractAggregate, type DepositDrawn } from '@hostledger/contracts';
import {
  begunActColumns,
  begunBy,
  graceAfter,
  madeOf,
  RevisionMismatch,
  settle,
  stepOf,
  streamName,
  tableFold,
  type AggregateStore,
  type BegunAct,
  type CommandContext,
  type DurableProcess,
  type Handled,
  type Settled,
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
  const made = madeOf(await drawn(store, drawOf({ data: { contractId, ...draw } }), context));
  return { ...made, replayed: begun.replayed };
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

/** Draws what was begun and counts it, or says that the contract refused. */
const drawn = async (
  store: AggregateStore,
  draw: Draw,
  context: CommandContext,
): Promise<Settled<Handled<Account, AccountEvent>>> => {
  const { contractId, drawId } = draw;
  const { at } = context;
  const settled = await settle({
    make: () =>
      store.handle(contractAggregate, contractId, drawing(draw, at), stepOf(context, 'draw')),
    giveUp: async (why) => {
      const fail = { type: 'FailDepositDraw', data: { drawId, ...why }, at } as const;
      await store.handle(accountAggregate, contractId, fail, stepOf(context, 'fail'));
      return false;
    },
  });
  if ('refusal' in settled) return settled;
  const apply = { type: 'ApplyDepositDraw', data: { drawId }, at } as const;
  const step = stepOf(context, 'apply');
  return { made: await store.handle(accountAggregate, contractId, apply, step) };
};

/** A draw that is neither counted nor given up; or that was drawn after it was given up. */
export interface PendingDraw extends BegunAct {
  readonly draw: Draw;
}

const ofDraw = ({ data }: { data: { drawId: string } }) => [{ item_id: data.drawId }];

export const pendingDraws = tableFold<
  PendingDraw,
  DepositDrawBegan | DepositDrawFailed | DepositApplied | DepositDrawn
>({
  table: {
    name: 'deposit_draws_to_settle',
    columns: { ...begunActColumns, draw: 'jsonb' },
    key: ['item_id'],
  },
  keys: {
    DepositDrawBegan: ofDraw,
    DepositDrawFailed: ofDraw,
    DepositApplied: ofDraw,
    DepositDrawn: ofDraw,
  },
  evolve: (row, event) => {
    switch (event.type) {
      case 'DepositDrawBegan':
        return { ...begunBy(event, event.data.drawId), draw: drawOf(event) };
      case 'DepositDrawFailed':
        return row && { ...row, due_at: NEVER };
      case 'DepositDrawn':
        return row && { ...row, due_at: graceAfter(event) };
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
    await drawn(store, draw, context);
  },
});
