import { hashOf } from '@hostledger/eventsourcing';
import { specOf } from '@hostledger/testing';
import type { Claim } from './account-figures.js';
import { billingPeriodAggregate, type PeriodCommand } from './billing-period.js';
import type { PeriodEvent } from './period-events.js';
import { AT, begin, close, line, MONTH, numbered, ofMonth, repair } from './period.fixture.js';
import type { Line } from './line.js';

const spec = specOf(billingPeriodAggregate);

/** What commands in this order come to. */
const after = (...commands: readonly PeriodCommand[]): PeriodEvent[] => {
  const events: PeriodEvent[] = [];
  let state = billingPeriodAggregate.initialState;
  for (const command of commands) {
    const more = billingPeriodAggregate.decide(command, state);
    events.push(...more);
    state = more.reduce(billingPeriodAggregate.evolve, state);
  }
  return events;
};

const command = <T extends PeriodCommand['type']>(
  type: T,
  data: Extract<PeriodCommand, { type: T }>['data'],
): PeriodCommand => ({ type, data, at: AT }) as PeriodCommand;

const issue = command('IssueStatement', { statementId: 'statement-1', number: '2024-000001' });
const into = { month: '2024-04', closeId: 'close-2', statementId: 'statement-2' };
const post = (lines?: readonly Line[], change: { position?: string; closeId?: string } = {}) =>
  command('PostAdjustments', {
    ...ofMonth,
    into: { ...into, ...(change.closeId !== undefined && { closeId: change.closeId }) },
    position: change.position ?? '2000',
    ...(lines && { recomputed: { inputsDigest: 'e'.repeat(64), lines } }),
  });
const agree = (
  amount: string,
  change: { line?: number; adjustmentId?: string; claims?: readonly Claim[] } = {},
) =>
  command('AgreeAdjustment', {
    ...ofMonth,
    adjustmentId: 'adjustment-1',
    line: 2,
    amount,
    reason: 'Goodwill',
    clauseRef: '9.9',
    agreedBy: 'bea',
    claims: [],
    ...change,
  });
const propose = (
  lines: readonly Line[],
  change: { position?: string; restatementId?: string } = {},
) =>
  command('ProposeRestatement', {
    ...ofMonth,
    restatementId: 'restatement-1',
    statementId: 'statement-r',
    customerId: 'customer',
    position: '3000',
    inputsDigest: 'f'.repeat(64),
    reason: 'A meter was read wrongly',
    proposedBy: 'bea',
    lines,
    ...change,
  });
const approve = (approvedBy: string, restatementId = 'restatement-1') =>
  command('ApproveRestatement', { ...ofMonth, restatementId, approvedBy, issuedOn: '2024-06-01' });
const reject = command('RejectRestatement', {
  ...ofMonth,
  restatementId: 'restatement-1',
  rejectedBy: 'ada',
  reason: 'Not so',
});

describe('A close', () => {
  it('begins once the month is over, the one before is out, and pins the position', () => {
    const {
      endsAt: _,
      previousIssued: __,
      ...pinned
    } = begin().data as never as Record<string, never>;
    spec
      .given()
      .when(begin())
      .then({ type: 'PeriodCloseBegan', data: pinned as never });
  });

  it.each([
    ['period/not-over', begin({}, '2024-04-01T04:59:59.999Z')],
    ['period/previous-open', begin({ previousIssued: false })],
    ['period/before-first', begin({ firstMonth: '2024-04' })],
  ])('is refused with %s', (code, refusedCommand) => {
    spec.given().when(refusedCommand).thenRejects(code);
  });

  it('needs no month before the first one', () => {
    expect(after(begin({ firstMonth: MONTH, previousIssued: false }))).toHaveLength(1);
  });

  it('may begin before the month is over where the contract is', () => {
    const ended = { contractEndedAt: '2024-03-15T05:00:00.000Z' };
    expect(after(begin(ended, '2024-03-15T05:00:00.000Z'))).toHaveLength(1);
    spec.given().when(begin(ended, '2024-03-15T04:59:59.999Z')).thenRejects('period/not-over');
  });

  it('is under way once, and may begin again after it was refused', () => {
    const refusal = command('RefuseClose', {
      ...ofMonth,
      closeId: 'close-1',
      statementId: 'statement-1',
      code: 'period/discrepancies-open',
      detail: 'A meter has a gap',
      shortcomings: [{ code: 'meter-gap', detail: 'No reading of M-1', meterId: 'M-1' }],
      shortcomingCount: 1,
    });
    const again = begin({ closeId: 'close-2' });
    spec
      .given(...after(begin()))
      .when(again)
      .thenRejects('period/closing');
    const begun = after(begin(), refusal, again);
    expect(begun.map(({ type }) => type)).toEqual([
      'PeriodCloseBegan',
      'PeriodCloseRefused',
      'PeriodCloseBegan',
    ]);
    // What is left of the first attempt has nothing to say any more.
    spec
      .given(...begun)
      .when(close())
      .thenRejects('period/close-outdated');
  });

  it('records its lines, then that it is closed, with a digest over them', () => {
    const lines = numbered(line('181.18'), repair('50.00'));
    const { lines: _, ...closing } = close().data as Extract<
      PeriodCommand,
      { type: 'ClosePeriod' }
    >['data'];
    const statement = { statementId: 'statement-1' };
    spec
      .given(...after(begin()))
      .when(close())
      .then(
        {
          type: 'PeriodLinesRecorded',
          data: { ...ofMonth, closeId: 'close-1', ...statement, chunk: 1, chunks: 1, lines },
        },
        {
          type: 'PeriodClosed',
          data: {
            ...closing,
            ...statement,
            issuedOn: '2024-04-02',
            linesDigest: hashOf(lines),
            lineCount: 2,
            totals: [{ currency: 'USD', amount: '231.18' }],
            adjustedMonths: [],
          },
        },
      );
  });

  it('cuts what is too long for one event', () => {
    const many = Array.from({ length: 100 }, (_, index) =>
      line('1.00', { key: `repair/-/v1/${index}` }),
    );
    const events = after(begin(), close({ lines: numbered(...many) }));
    const chunks = events.flatMap((event) => (event.type === 'PeriodLinesRecorded' ? [event] : []));
    expect(chunks.length).toBeGreaterThan(2);
    expect(chunks.flatMap(({ data }) => data.lines)).toEqual(numbered(...many));
    for (const { data } of chunks) expect(JSON.stringify(data).length).toBeLessThan(48 * 1024);
  });

  it('of a statement that no append could hold is recorded in several', () => {
    const many = Array.from({ length: 1_000 }, (_, index) =>
      line('1.00', { key: `repair/-/v1/${index}` }),
    );
    const whole = close({ lines: numbered(...many) });
    const some = after(begin(), whole);
    expect(some.at(-1)!.type).toBe('PeriodLinesRecorded');
    expect(JSON.stringify(some).length * 3).toBeLessThan(1024 * 1024);
    const events = after(begin(), whole, whole, whole);
    expect(events.filter(({ type }) => type === 'PeriodClosed')).toHaveLength(1);
    const chunks = events.flatMap((event) => (event.type === 'PeriodLinesRecorded' ? [event] : []));
    expect(chunks.flatMap(({ data }) => data.lines)).toEqual(numbered(...many));
    expect(chunks.map(({ data }) => data.chunk)).toEqual(chunks.map((_, index) => index + 1));
  });

  it('is final', () => {
    const closed = after(begin(), close(), issue);
    spec
      .given(...closed)
      .when(close())
      .thenNothing();
    spec
      .given(...closed)
      .when(begin({ closeId: 'close-2' }))
      .thenRejects('period/closed');
    spec
      .given(...closed)
      .when(close({ closeId: 'close-2' }))
      .thenRejects('period/close-outdated');
  });
});

describe('A statement', () => {
  it('gets its number once, and is due by the terms', () => {
    const closed = after(begin(), close());
    const [issued] = after(begin(), close(), issue).slice(closed.length);
    expect(issued).toMatchObject({
      type: 'StatementIssued',
      data: {
        number: '2024-000001',
        kind: 'statement',
        issuedOn: '2024-04-02',
        dueOn: '2024-04-09',
      },
    });
    const again = command('IssueStatement', { statementId: 'statement-1', number: '2024-000009' });
    spec
      .given(...closed, issued!)
      .when(again)
      .thenNothing();
  });

  it('that gives money back is never due', () => {
    const events = after(begin(), close({ lines: numbered(line('-5.00')) }), issue);
    expect(events.at(-1)!.data).not.toHaveProperty('dueOn');
  });

  it('is one of a close or of a restatement that was approved', () => {
    const foreign = command('IssueStatement', { statementId: 'another', number: '2024-000001' });
    spec
      .given(...after(begin(), close()))
      .when(foreign)
      .thenRejects('period/statement-unknown');
  });
});

describe('Adjustments', () => {
  const closed = after(begin(), close(), issue);

  it('tell what later facts change, by key, beside what was closed', () => {
    spec
      .given(...closed)
      .when(post([line('170.00'), repair('50.00')]))
      .then({
        type: 'AdjustmentPosted',
        data: {
          ...ofMonth,
          into,
          position: '2000',
          inputsDigest: 'e'.repeat(64),
          chunk: 1,
          chunks: 1,
          lines: [
            {
              ...line('-11.18'),
              adjusts: {
                month: MONTH,
                statementId: 'statement-1',
                line: 1,
                cause: 'lateFact',
                before: '181.18',
              },
            },
          ],
          agreed: [],
        },
      });
  });

  it('build on those before, and are posted once for each close', () => {
    const once = after(begin(), close(), issue, post([line('170.00'), repair('50.00')]));
    spec
      .given(...once)
      .when(post([line('0.00'), repair('50.00')]))
      .thenNothing();
    const next = { position: '3000', closeId: 'close-3' };
    spec
      .given(...once)
      .when(post([line('170.00'), repair('50.00')], next))
      .thenNothing();
    const more = after(
      begin(),
      close(),
      issue,
      post([line('170.00'), repair('50.00')]),
      post([], next),
    );
    expect(more.at(-1)).toMatchObject({
      data: {
        lines: [
          { quantity: '0', amount: '-170.00', adjusts: { line: 1, before: '170.00' } },
          { quantity: '0', amount: '-50.00', adjusts: { line: 2, before: '50.00' } },
        ],
      },
    });
  });

  it('name no original where there was none', () => {
    const fresh = line('3.00', { key: 'storage/DENTON/v1', component: 'storage' });
    const [posted] = after(
      begin(),
      close(),
      issue,
      post([line('181.18'), repair('50.00'), fresh]),
    ).slice(closed.length);
    expect(posted).toMatchObject({
      data: { lines: [{ amount: '3.00', adjusts: { before: '0.00' } }] },
    });
    expect(
      (posted!.data as unknown as { lines: { adjusts: object }[] }).lines[0]!.adjusts,
    ).not.toHaveProperty('line');
  });

  it('by facts that what stands knows already are none', () => {
    spec
      .given(...closed)
      .when(post([line('1.00')], { position: '1000' }))
      .thenNothing();
  });

  it('of a month that is open are part of it', () => {
    spec
      .given(...after(begin()))
      .when(post([line('1.00')]))
      .thenRejects('period/not-closed');
  });

  it('that were agreed are taken up by the next close, and by no other', () => {
    const events = after(begin(), close(), issue, agree('-20.00'), post());
    expect(events.at(-1)).toMatchObject({
      type: 'AdjustmentPosted',
      data: {
        agreed: ['adjustment-1'],
        lines: [
          {
            key: 'agreed/adjustment-1',
            amount: '-20.00',
            clauseRef: '9.9',
            exactAmount: '-20/1',
            adjusts: { line: 2, cause: 'agreed', reason: 'Goodwill', before: '50.00' },
          },
        ],
      },
    });
    spec
      .given(...events)
      .when(post(undefined, { closeId: 'close-3' }))
      .thenNothing();
    // A recomputation does not undo what was agreed.
    const computed = [line('181.18'), repair('50.00')];
    spec
      .given(...events)
      .when(post(computed, { closeId: 'close-3', position: '4000' }))
      .thenNothing();
  });

  it.each([
    ['period/line-unknown', agree('1.00', { line: 3 })],
    ['period/adjustment-nothing', agree('0.00')],
    ['period/adjustment-too-fine', agree('1.001')],
    ['period/credit-beyond-charge', agree('-50.01')],
  ])('are refused with %s', (code, wish) => {
    spec
      .given(...closed)
      .when(wish)
      .thenRejects(code);
  });

  it('never credit more than the line comes to, all together', () => {
    const half = agree('-30.00', { adjustmentId: 'adjustment-2' });
    spec
      .given(...after(begin(), close(), agree('-30.00')))
      .when(half)
      .thenRejects('period/credit-beyond-charge');
  });
});

describe('A restatement', () => {
  const restated = [line('200.00'), repair('50.00')];
  const proposed = after(begin(), close(), issue, propose(restated));

  it('is proposed with what it would change', () => {
    expect(proposed.slice(-2)).toMatchObject([
      {
        type: 'RestatementProposed',
        data: { totals: [{ currency: 'USD', amount: '18.82' }], resultDigest: hashOf(restated) },
      },
      {
        type: 'RestatementLinesRecorded',
        data: { lines: [{ number: 1, amount: '18.82', adjusts: { line: 1, before: '181.18' } }] },
      },
    ]);
  });

  it('is approved by another than who proposed it', () => {
    spec
      .given(...proposed)
      .when(approve('bea'))
      .thenRejects('period/restatement-own');
    spec
      .given(...proposed)
      .when(approve('ada'))
      .then({
        type: 'RestatementApproved',
        data: {
          ...ofMonth,
          restatementId: 'restatement-1',
          statementId: 'statement-r',
          customerId: 'customer',
          issuedOn: '2024-06-01',
          approvedBy: 'ada',
        },
      });
  });

  it('stands from then on, and has a statement of its own', () => {
    const issueIt = command('IssueStatement', {
      statementId: 'statement-r',
      number: '2024-000002',
    });
    const approved = after(begin(), close(), issue, propose(restated), approve('ada'), issueIt);
    expect(approved.at(-1)).toMatchObject({
      data: { kind: 'restatement', issuedOn: '2024-06-01', dueOn: '2024-06-08' },
    });
    spec
      .given(...approved)
      .when(post(restated, { position: '4000' }))
      .thenNothing();
    spec
      .given(...approved)
      .when(approve('ada'))
      .thenNothing();
    spec
      .given(...approved)
      .when(reject)
      .thenRejects('period/restatement-decided');
  });

  it('is not undone by a close that pinned an earlier position', () => {
    const approved = after(begin(), close(), issue, propose(restated), approve('ada'));
    spec
      .given(...approved)
      .when(post([line('181.18')], { position: '2999' }))
      .thenNothing();
  });

  it('is void where what stands changed meanwhile', () => {
    const changed = after(
      begin(),
      close(),
      issue,
      propose(restated),
      post([line('1.00'), repair('50.00')]),
    );
    spec
      .given(...changed)
      .when(approve('ada'))
      .thenRejects('period/restatement-outdated');
  });

  it('that was rejected changes nothing, and another can be proposed', () => {
    const rejected = after(begin(), close(), issue, propose(restated), reject);
    spec
      .given(...rejected)
      .when(approve('ada'))
      .thenRejects('period/restatement-decided');
    const other = propose(restated, { restatementId: 'restatement-2' });
    expect(after(begin(), close(), issue, propose(restated), reject, other)).toHaveLength(
      rejected.length + 2,
    );
    spec
      .given(...proposed)
      .when(other)
      .thenRejects('period/restatement-open');
  });

  it.each([
    ['period/restatement-nothing', propose([line('181.18'), repair('50.00')])],
    ['period/restatement-outdated', propose(restated, { position: '999' })],
    ['period/restatement-unknown', approve('ada')],
  ])('is refused with %s', (code, wish) => {
    spec
      .given(...after(begin(), close(), issue))
      .when(wish)
      .thenRejects(code);
  });
});
