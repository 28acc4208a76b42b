import { AggregateStore, type CommandContext } from '@hostledger/eventsourcing';
import { InMemoryStreams } from '@hostledger/testing';
import { command, enter, january } from '../domain/account.fixture.js';
import { accountAggregate } from '../domain/account.js';
import { billingPeriodAggregate, periodId, type PeriodCommand } from '../domain/billing-period.js';
import { begin, close, line, MONTH, numbered, ofMonth, repair } from '../domain/period.fixture.js';
import { contextFor } from '../process/account-books.fixture.js';
import { AgreeAdjustmentCommand, AgreeAdjustmentHandler } from './agree-adjustment.js';
import {
  IssueCreditNoteCommand,
  IssueCreditNoteHandler,
  RaiseDisputeCommand,
  RaiseDisputeHandler,
  ResolveDisputeCommand,
  ResolveDisputeHandler,
} from './change-account.js';

// March: 7.00 for energy on line 1 and 2.00 for a repair on line 2, and what is given back of it,
// in the stream of the month and in that of the account.

const { contractId } = ofMonth;
const ON = '2024-04-10';
const statement = { statementId: 'statement-1', currency: 'USD' };

let store: AggregateStore;
let acts = 0;
const next = (): CommandContext => contextFor(`act ${(acts += 1)}`, ON);

const inPeriod = async (...commands: readonly PeriodCommand[]) => {
  for (const each of commands) {
    await store.handle(billingPeriodAggregate, periodId(contractId, MONTH), each, next());
  }
};

beforeEach(async () => {
  store = new AggregateStore(new InMemoryStreams());
  await inPeriod(begin(), close({ lines: numbered(line('7.00'), repair('2.00')) }));
  const totals = [{ currency: 'USD', amount: '9.00' }];
  const entry = enter({ ...january, ...statement, contractId, month: MONTH, totals });
  await store.handle(accountAggregate, contractId, entry, next());
});

const agree = (amount: string, of = 1, context = next()) => {
  const adjustmentId = context.commandId;
  const about = { ...ofMonth, adjustmentId, line: of, amount, reason: 'So', agreedBy: 'bea' };
  return new AgreeAdjustmentHandler(store).execute(new AgreeAdjustmentCommand(about, context));
};
const credit = (amount: string, of?: number, context = next()) => {
  const note = { ...statement, creditNoteId: context.commandId, amount, reason: 'So' };
  const said = { ...note, ...(of !== undefined && { line: of }) };
  const wish = new IssueCreditNoteCommand(contractId, said, context);
  return new IssueCreditNoteHandler(store).execute(wish);
};
const dispute = (amount: string, of: number) => {
  const raised = { ...statement, disputeId: `d${of}`, line: of, amount, reason: 'So' };
  const wish = new RaiseDisputeCommand(contractId, raised, next());
  return new RaiseDisputeHandler(store).execute(wish);
};
const uphold = (of: number) => {
  const resolution = { disputeId: `d${of}`, outcome: 'upheld' as const, reason: 'So' };
  const said = { ...resolution, creditNoteId: `n${of}` };
  const wish = new ResolveDisputeCommand(contractId, said, next());
  return new ResolveDisputeHandler(store).execute(wish);
};
/** Energy comes to another amount by what is known later. */
const late = (amount: string) =>
  inPeriod({
    type: 'PostAdjustments',
    data: {
      ...{ ...ofMonth, position: '2000' },
      into: { month: '2024-04', closeId: 'close-2', statementId: 'statement-2' },
      recomputed: { inputsDigest: 'e'.repeat(64), lines: [line(amount), repair('2.00')] },
    },
    at: '2024-05-02T12:00:00.000Z',
  });

const exceeds = (most: string) => ({ code: 'account/credit-exceeded', details: { most } });
const beyond = (charged: string) => ({ code: 'period/credit-beyond-charge', details: { charged } });

it('What was agreed on a line is not credited again', async () => {
  await agree('-5.00');
  await expect(credit('7.00', 1)).rejects.toMatchObject(exceeds('2.00'));
  await credit('2.00', 1);
  await credit('2.00');
  await expect(credit('0.01')).rejects.toMatchObject(exceeds('0.00'));
  await expect(credit('0.01', 2)).rejects.toMatchObject(exceeds('0.00'));
});

it('What was credited is not agreed on again, of the line nor of the statement', async () => {
  await credit('6.00', 1);
  await expect(agree('-1.01')).rejects.toMatchObject(beyond('1.00'));
  await credit('2.50');
  await expect(agree('-0.51')).rejects.toMatchObject(beyond('0.50'));
  await expect(agree('-2.00', 2)).rejects.toMatchObject(beyond('0.50'));
  await agree('-0.50', 2);
  await expect(credit('0.01')).rejects.toMatchObject(exceeds('0.00'));
});

it('What later facts give back is not credited again', async () => {
  await late('3.00');
  await expect(credit('3.01', 1)).rejects.toMatchObject(exceeds('3.00'));
  await expect(credit('5.01')).rejects.toMatchObject(exceeds('5.00'));
  await credit('5.00');
});

it('A dispute holds its amount, and is upheld for no more than is left', async () => {
  await dispute('6.00', 1);
  await expect(agree('-1.01')).rejects.toMatchObject(beyond('1.00'));
  await expect(dispute('2.01', 2)).rejects.toMatchObject({ code: 'account/dispute-exceeded' });
  await late('3.00');
  await expect(uphold(1)).rejects.toMatchObject(exceeds('3.00'));
});

it('A line that the statement does not have is neither credited nor disputed', async () => {
  const unknown = { code: 'statement/line-unknown', pointer: '/line' };
  await expect(credit('1.00', 3)).rejects.toMatchObject(unknown);
  await expect(dispute('1.00', 3)).rejects.toMatchObject(unknown);
});

it('Told again, each answers as it did, whatever was given back since', async () => {
  const [agreed, credited] = [next(), next()];
  await agree('-5.00', 1, agreed);
  await credit('2.00', 1, credited);
  await late('0.00');
  expect(await agree('-5.00', 1, agreed)).toMatchObject({ replayed: true });
  expect(await credit('2.00', 1, credited)).toMatchObject({ replayed: true });
});

it('An adjustment of another month is credited for no more than that comes to', async () => {
  const april = { contractId, month: '2024-04' };
  const charged = { ...line('5.00'), adjusts: { ...ofOriginal, cause: 'lateFact' as const } };
  await late('12.00');
  const closing = { ...april, closeId: 'close-2', lines: numbered(line('1.00'), charged) };
  const about = { statementId: 'statement-2', position: '2000' };
  for (const each of [begin({ ...april, closeId: 'close-2', ...about }), close(closing)]) {
    const later = { ...each, at: '2024-05-02T12:00:00.000Z' } as PeriodCommand;
    await store.handle(billingPeriodAggregate, periodId(contractId, '2024-04'), later, next());
  }
  const entered = { ...january, ...statement, contractId, month: '2024-04' };
  const totals = [{ currency: 'USD', amount: '6.00' }];
  const entry = { ...entered, statementId: 'statement-2', number: '2024-000002', totals };
  await store.handle(accountAggregate, contractId, command('EnterStatement', entry, ON), next());
  await agree('-11.00');
  const wish = { ...statement, statementId: 'statement-2', line: 2, creditNoteId: 'n' };
  const note = new IssueCreditNoteCommand(
    contractId,
    { ...wish, amount: '1.01', reason: 'So' },
    next(),
  );
  await expect(new IssueCreditNoteHandler(store).execute(note)).rejects.toMatchObject(
    exceeds('1.00'),
  );
});

const ofOriginal = { month: MONTH, statementId: 'statement-1', line: 1, before: '7.00' };
