import { hashOf } from '@hostledger/eventsourcing';
import { specOf } from '@hostledger/testing';
import { billingPeriodAggregate } from './billing-period.js';
import {
  after,
  agree,
  approve,
  begin,
  close,
  command,
  issue,
  line,
  post,
  propose,
  reject,
  repair,
  stateAfter,
  ofMonth,
} from './period.fixture.js';

const spec = specOf(billingPeriodAggregate);

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
    const next = post(restated, { position: '4000' });
    const later = after(begin(), close(), issue, propose(restated), approve('ada'), issueIt, next);
    expect(later.at(-1)).toMatchObject({ data: { position: '4000', lines: [] } });
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

  it('is void where a close found at a later position that what stands is true', () => {
    const next = { position: '4000' };
    const found = post([line('181.18'), repair('50.00')], next);
    spec
      .given(...after(begin(), close(), issue, agree('-5.00'), propose(restated), found))
      .when(approve('ada'))
      .thenRejects('period/restatement-outdated');
  });

  const many = Array.from({ length: 1_000 }, (_, index) =>
    line('1.00', { key: `repair/-/v1/${index}` }),
  );

  it('that no append could hold is recorded in several, and approved once it is whole', () => {
    const whole = propose([...restated, ...many]);
    const some = after(begin(), close(), issue, whole);
    expect(JSON.stringify(some).length * 3).toBeLessThan(1024 * 1024);
    spec
      .given(...some)
      .when(approve('ada'))
      .thenRejects('period/restatement-incomplete');
    const another = propose(restated, { restatementId: 'restatement-2' });
    spec
      .given(...some)
      .when(another)
      .thenRejects('period/restatement-open');
    const times = [whole, whole, whole, whole, whole];
    const { restatements, stands } = stateAfter(begin(), close(), issue, ...times, approve('ada'));
    expect(restatements.get('restatement-1')!.lines).toHaveLength(1_001);
    expect(stands.size).toBe(1_002);
  });

  it('is void while a close posts what changes what stands', () => {
    const posting = post([line('181.18'), repair('50.00'), ...many]);
    spec
      .given(...after(begin(), close(), issue, propose(restated), posting))
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
