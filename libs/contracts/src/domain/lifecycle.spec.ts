import fc from 'fast-check';
import { specOf } from '@hostledger/testing';
import { type ContractEvent } from './contract-events.js';
import { contractAggregate, type ContractCommand } from './hosting-contract.js';
import { hasEnded } from './lifecycle.js';

const { given } = specOf(contractAggregate);
const at = '2024-01-01T12:00:00Z';
const contractId = 'contract-1';
const digest = 'a'.repeat(64);
const ruling = { court: 'S.D. Tex. Bankr.', docket: '22-90341', documentDigest: digest };

const drafted: ContractEvent = {
  type: 'ContractDrafted',
  data: {
    contractId,
    customerId: 'celsius',
    reference: 'HA-1',
    title: 'Hosting agreement',
    timeZone: 'America/Chicago',
    currency: 'USD',
  },
};
const terms = (version: number, effectiveOn: string, termEndsOn?: string): ContractEvent => ({
  type: 'TermsAdopted',
  data: {
    contractId,
    version,
    effectiveOn,
    documentDigest: digest,
    clauses: [],
    rateCard: { basis: 'nameplateKwh', currency: 'USD', ratePerKwh: '0.07' },
    ...(termEndsOn && { termEndsOn }),
  },
});
const executed: ContractEvent = {
  type: 'ContractExecuted',
  data: { contractId, executedOn: '2022-01-01', documentDigest: digest, signatories: [] },
};
const signed = [drafted, terms(1, '2022-01-01', '2023-12-31'), executed] as const;
const activated: ContractEvent = {
  type: 'ContractActivated',
  data: { contractId, activatedOn: '2022-01-10' },
};
const suspended: ContractEvent = {
  type: 'ServiceSuspended',
  data: { contractId, suspendedOn: '2022-07-01', cause: 'nonPayment', clauseRef: '9.2' },
};
const noticed: ContractEvent = {
  type: 'TerminationNoticed',
  data: { contractId, noticedOn: '2022-08-01', effectiveOn: '2022-10-30', by: 'host' },
};
const rejected: ContractEvent = {
  type: 'ContractRejected',
  data: { contractId, rejectedOn: '2023-01-03', ruling },
};

type Data<T extends ContractCommand['type']> = Extract<ContractCommand, { type: T }>['data'];
const command = <T extends ContractCommand['type']>(type: T, data: Data<T>) =>
  ({ type, data, at }) as ContractCommand;
const activate = command('ActivateContract', { activatedOn: '2022-01-10' });
const suspend = command('SuspendService', {
  suspendedOn: '2022-07-01',
  cause: 'nonPayment',
  clauseRef: '9.2',
});
const resume = (resumedOn: string) => command('ResumeService', { resumedOn });
const notice = command('GiveNotice', {
  noticedOn: '2022-08-01',
  effectiveOn: '2022-10-30',
  by: 'host',
});
const terminate = (terminatedOn: string, cause: Data<'TerminateContract'>['cause'] = 'notice') =>
  command('TerminateContract', { terminatedOn, cause });
const expire = (expiredOn: string) => command('ExpireContract', { expiredOn });
const reject = command('RejectContract', { rejectedOn: '2023-01-03', ruling });
const assume = command('AssumeContract', { assumedOn: '2023-01-03', ruling });
const assign = command('AssignParty', {
  toCustomerId: 'fortitude',
  effectiveOn: '2023-02-01',
  documentDigest: digest,
});
const order = command('PlaceOrder', {
  orderId: 'order-1',
  reference: 'SO-1',
  units: 10,
  powerWatts: 100,
  startsOn: '2022-02-01',
});

describe('the life of a contract', () => {
  it('begins, is interrupted and goes on', () => {
    given(...signed)
      .when(activate)
      .then(activated);
    given(...signed, activated)
      .when(suspend)
      .then(suspended);
    given(...signed, activated, suspended)
      .when(resume('2022-07-15'))
      .then({ type: 'ServiceResumed', data: { contractId, resumedOn: '2022-07-15' } });
  });

  it('is nothing before the contract was executed', () => {
    given(drafted).when(activate).thenRejects('contract/not-executed');
  });

  it('is not changed by an act that is done already', () => {
    given(...signed, activated)
      .when(activate)
      .thenNothing();
    given(...signed, activated, suspended)
      .when(suspend)
      .thenNothing();
    given(...signed, noticed)
      .when(notice)
      .thenNothing();
    given(...signed, rejected)
      .when(reject)
      .thenNothing();
  });

  it('is told of other facts than are recorded in vain', () => {
    const courts = { ...ruling, court: 'D. Del. Bankr.' };
    const assumed: ContractEvent = {
      type: 'ContractAssumed',
      data: { contractId, assumedOn: '2023-01-03', ruling },
    };
    given(...signed, activated, assumed)
      .when(assume)
      .thenNothing();
    given(...signed, activated, assumed)
      .when(command('AssumeContract', { assumedOn: '2023-01-03', ruling: courts }))
      .thenRejects('contract/recorded-otherwise');
    given(...signed, activated, suspended)
      .when(command('SuspendService', { suspendedOn: '2022-07-01', cause: 'breach' }))
      .thenRejects('contract/recorded-otherwise');
    given(...signed, noticed)
      .when(
        command('GiveNotice', {
          noticedOn: '2022-08-01',
          effectiveOn: '2022-10-30',
          by: 'customer',
        }),
      )
      .thenRejects('contract/recorded-otherwise');
    given(...signed, rejected)
      .when(command('RejectContract', { rejectedOn: '2023-01-03', ruling: courts }))
      .thenRejects('contract/recorded-otherwise');
    given(...signed, activated)
      .when(
        command('AssignParty', {
          toCustomerId: 'celsius',
          effectiveOn: '2023-02-01',
          documentDigest: digest,
        }),
      )
      .thenRejects('contract/recorded-otherwise');
    given(...signed)
      .when(
        command('ExecuteContract', {
          executedOn: '2022-01-01',
          documentDigest: digest,
          signatories: [{ party: 'Celsius', name: 'A. Signer' }],
        }),
      )
      .thenRejects('contract/already-executed');
  });

  it('refuses acts that do not fit the stage, each by its own name', () => {
    given(...signed)
      .when(suspend)
      .thenRejects('contract/not-active');
    given(...signed, activated)
      .when(resume('2022-02-01'))
      .thenRejects('contract/not-suspended');
    given(...signed, activated, suspended)
      .when(command('ActivateContract', { activatedOn: '2022-08-01' }))
      .thenRejects('contract/already-active');
    given(...signed, rejected)
      .when(assume)
      .thenRejects('contract/ended');
  });

  it('goes forwards in time', () => {
    given(...signed, activated, suspended)
      .when(resume('2022-06-30'))
      .thenRejects('contract/before-last-act');
    given(...signed)
      .when(
        command('GiveNotice', { noticedOn: '2022-08-01', effectiveOn: '2022-07-31', by: 'host' }),
      )
      .thenRejects('contract/notice-backwards');
  });

  it('is not told of what has not been done yet, by the day where the contract is', () => {
    const early = { ...suspend, at: '2022-07-01T04:59:59Z' } as ContractCommand;
    given(...signed, activated)
      .when(early)
      .thenRejects('contract/act-in-future', '/suspendedOn');
    const onTheDay = { ...suspend, at: '2022-07-01T05:00:00Z' } as ContractCommand;
    given(...signed, activated)
      .when(onTheDay)
      .then(suspended);
    given(...signed, activated)
      .when({ ...assign, at: '2023-01-31T12:00:00Z' })
      .thenRejects('contract/act-in-future', '/effectiveOn');
    given(...signed)
      .when({ ...notice, at: '2022-08-01T12:00:00Z' })
      .then(noticed);
    given(...signed)
      .when({ ...notice, at: '2022-07-31T12:00:00Z' })
      .thenRejects('contract/act-in-future', '/noticedOn');
    given(...signed.slice(0, 2))
      .when(
        command('ExecuteContract', {
          executedOn: '2024-01-02',
          documentDigest: digest,
          signatories: [],
        }),
      )
      .thenRejects('contract/act-in-future', '/executedOn');
    given(...signed)
      .when(
        command('ReceiveDeposit', {
          ...{ depositId: 'deposit-1', amount: '1.00', currency: 'USD', reference: 'WIRE' },
          receivedOn: '2024-01-02',
        }),
      )
      .thenRejects('contract/act-in-future', '/receivedOn');
  });

  it('ends by notice on its day and not before, by agreement at any time', () => {
    given(...signed)
      .when(terminate('2022-10-30'))
      .thenRejects('contract/notice-not-over');
    given(...signed, noticed)
      .when(terminate('2022-10-29'))
      .thenRejects('contract/notice-not-over');
    given(...signed, noticed)
      .when(terminate('2022-10-30'))
      .then({
        type: 'ContractTerminated',
        data: { contractId, terminatedOn: '2022-10-30', cause: 'notice' },
      });
    given(...signed)
      .when(terminate('2022-03-01', 'mutual'))
      .then({
        type: 'ContractTerminated',
        data: { contractId, terminatedOn: '2022-03-01', cause: 'mutual' },
      });
  });

  it('expires after the last day of the term that the latest terms name', () => {
    given(drafted, terms(1, '2022-01-01'), executed)
      .when(expire('2024-01-01'))
      .thenRejects('contract/term-not-over');
    given(...signed)
      .when(expire('2023-12-31'))
      .thenRejects('contract/term-not-over');
    const renewed = terms(2, '2023-12-01', '2024-12-31');
    given(...signed, renewed)
      .when(expire('2024-01-01'))
      .thenRejects('contract/term-not-over');
    given(...signed)
      .when(expire('2024-01-01'))
      .then({ type: 'ContractExpired', data: { contractId, expiredOn: '2024-01-01' } });
  });

  it('may be kept or given up by a court', () => {
    given(...signed, activated)
      .when(assume)
      .then({ type: 'ContractAssumed', data: { contractId, assumedOn: '2023-01-03', ruling } });
    given(...signed, activated)
      .when(reject)
      .then(rejected);
  });

  it('passes to another customer with all that it holds', () => {
    const assigned: ContractEvent = {
      type: 'PartyAssigned',
      data: {
        contractId,
        fromCustomerId: 'celsius',
        toCustomerId: 'fortitude',
        effectiveOn: '2023-02-01',
        documentDigest: digest,
      },
    };
    given(...signed, activated)
      .when(assign)
      .then(assigned);
    given(...signed, activated, assigned)
      .when(assign)
      .thenNothing();
  });

  it('begins nothing new while it is suspended, noticed or over', () => {
    given(...signed, activated, suspended)
      .when(order)
      .thenRejects('contract/suspended');
    given(...signed, noticed)
      .when(order)
      .thenRejects('contract/noticed');
    given(...signed, rejected)
      .when(order)
      .thenRejects('contract/ended');
    given(...signed, rejected)
      .when(
        command('AdoptTerms', {
          effectiveOn: '2024-01-01',
          documentDigest: digest,
          clauses: [],
          rateCard: { basis: 'nameplateKwh', currency: 'USD', ratePerKwh: '0.07' },
        }),
      )
      .thenRejects('contract/ended');
  });

  it('is over once it is over, whatever is asked, and never goes back in time', () => {
    const day = fc
      .integer({ min: 0, max: 1_000 })
      .map((n) => new Date(Date.UTC(2022, 0, 1 + n)).toISOString().slice(0, 10));
    const anyAct = fc.oneof(
      day.map((activatedOn) => command('ActivateContract', { activatedOn })),
      day.map((suspendedOn) => command('SuspendService', { suspendedOn, cause: 'breach' })),
      day.map(resume),
      fc
        .tuple(day, day)
        .map(([noticedOn, effectiveOn]) =>
          command('GiveNotice', { noticedOn, effectiveOn, by: 'customer' }),
        ),
      fc
        .tuple(day, fc.constantFrom('notice' as const, 'mutual' as const))
        .map(([on, cause]) => terminate(on, cause)),
      day.map(expire),
      day.map((rejectedOn) => command('RejectContract', { rejectedOn, ruling })),
    );
    fc.assert(
      fc.property(fc.array(anyAct, { maxLength: 30 }), (acts) => {
        let state = signed.reduce(contractAggregate.evolve, contractAggregate.initialState);
        for (const act of acts) {
          if (state.status !== 'executed') throw new Error('It was executed');
          const before = state.lifecycle;
          let events: readonly ContractEvent[] = [];
          try {
            events = contractAggregate.decide(act, state);
          } catch {
            continue;
          }
          expect(hasEnded(before) && events.length > 0).toBe(false);
          state = events.reduce(contractAggregate.evolve, state);
          if (state.status !== 'executed') throw new Error('It stays executed');
          expect(state.lifecycle.since >= before.since).toBe(true);
        }
      }),
    );
  });
});

describe('service for which the terms require a deposit', () => {
  const secured = signed.map((event) =>
    event.type === 'TermsAdopted'
      ? { ...event, data: { ...event.data, requiredDeposit: '1000.00' } }
      : event,
  );
  const paid = (n: number, amount: string, receivedOn = '2022-01-05'): ContractEvent => ({
    type: 'DepositReceived',
    data: {
      ...{ contractId, customerId: 'celsius', depositId: `deposit-${n}`, receivedOn },
      ...{ amount, currency: 'USD', reference: 'WIRE' },
    },
  });
  const drawn: ContractEvent = {
    type: 'DepositDrawn',
    data: {
      ...{ contractId, customerId: 'celsius', depositId: 'deposit-1', drawId: 'draw-1' },
      ...{ amount: '0.01', currency: 'USD', reference: 'JUNE', drawnOn: '2022-07-02' },
      cause: 'June is unpaid',
    },
  };

  it('begins once all of it is held', () => {
    given(...secured)
      .when(activate)
      .thenRejects('contract/deposit-unpaid', '/activatedOn');
    given(...secured, paid(1, '999.99'))
      .when(activate)
      .thenRejects('contract/deposit-unpaid');
    given(...secured, paid(1, '600'), paid(2, '400'))
      .when(activate)
      .then(activated);
  });

  it('does not begin before it was received', () => {
    given(...secured, paid(1, '1000.00', '2022-01-11'))
      .when(activate)
      .thenRejects('contract/deposit-unpaid');
  });

  it('goes on once what was drawn is made up for', () => {
    const stopped = [...secured, paid(1, '1000.00'), activated, suspended, drawn];
    given(...stopped)
      .when(resume('2022-07-20'))
      .thenRejects('contract/deposit-unpaid', '/resumedOn');
    given(...stopped, paid(2, '0.01', '2022-07-20'))
      .when(resume('2022-07-20'))
      .then({ type: 'ServiceResumed', data: { contractId, resumedOn: '2022-07-20' } });
  });
});
