import type { RecordedEvent } from '@hostledger/eventsourcing';
import { historyOf, enter, february, command } from '../domain/account.fixture.js';
import { addressedThen } from './addressed-then.js';

// A contract that passed to a successor with the statement of February; a fee on that of January.

const events = historyOf(
  enter(),
  enter({ ...february, customerId: 'successor' }),
  command('ChargeLateFees', { throughOn: '2024-03-31' }, '2024-04-02'),
).map(
  (event, index) =>
    ({
      ...event,
      ...{ stream: 'billingAccount-contract', position: BigInt(index), revision: BigInt(index) },
    }) as unknown as RecordedEvent,
);
const fee = events.at(-1)!;
const { stream, type, data } = fee;
const named = (customerId: string) => {
  const told = { ...data, customerId };
  return addressedThen(events)({
    recorded: { ...fee, data: told },
    computed: { stream, type, data },
  });
};

it('A fee that was recorded with whose the account was then is as it was recorded', () => {
  expect(data).toMatchObject({ customerId: 'customer' });
  expect(named('successor').computed?.data).toEqual({ ...data, customerId: 'successor' });
});

it('one that was recorded with anybody else is not', () => {
  expect(named('nobody').computed?.data).toEqual(data);
  expect(named('customer').computed?.data).toEqual(data);
});
