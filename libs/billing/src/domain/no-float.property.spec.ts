import fc from 'fast-check';
import { earnedBy } from './accrual.js';
import { accountAggregate } from './account.js';
import type { LateFeeCharged } from './account-events.js';
import { command, enter, historyOf, january, pay } from './account.fixture.js';
import { openedBooks } from './books.fixture.js';
import { floatsIn } from './decimals.fixture.js';
import { bases, histories } from './histories.fixture.js';
import type { MachineFact } from './machine-facts.js';
import { computePeriod } from './rating/index.js';
import {
  curtailment,
  fact,
  inputsOf,
  january as month,
  receipt,
  running,
  terms,
} from './rating/rating.fixture.js';
import type { Rated } from './line.js';

// Money and energy against the same in whole numbers of BigInt, computed here and nowhere else: of machines
// that run by the odd millisecond and draw so much that a float would have lost digits of it.

/** numerator ÷ denominator, to two places: half up, or down. Neither is below zero. */
const cents = (numerator: bigint, denominator: bigint, mode: 'halfUp' | 'down'): string => {
  const doubled = 200n * numerator;
  const whole = (mode === 'halfUp' ? doubled + denominator : doubled) / (2n * denominator);
  const digits = whole.toString().padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
};

/** A decimal as a whole number of its last place, and how many of them are one. */
const whole = (decimal: string): readonly [bigint, bigint] => {
  const [units = '0', places = ''] = decimal.split('.');
  return [BigInt(units + places), 10n ** BigInt(places.length)];
};

const decimal = (most: bigint, places: number): fc.Arbitrary<string> =>
  fc.bigInt({ min: 1n, max: most * 10n ** BigInt(places) }).map((n) => {
    const digits = n.toString().padStart(places + 1, '0');
    return `${digits.slice(0, -places)}.${digits.slice(-places)}`;
  });

const WATT_MS_PER_KWH = 3_600_000_000n;
const START = Date.parse(month.from);
const MONTH_MS = Date.parse(month.until) - START;
const at = (ms: number): string => new Date(START + ms).toISOString();

/** Runs since the month began, and is off from an instant on. */
const machine = fc.record({
  watts: fc.integer({ min: 1, max: 2_000_000_000 }),
  offMs: fc.integer({ min: 1, max: MONTH_MS - 1 }),
});
const machines = fc.array(machine, { minLength: 1, maxLength: 4 });
type Machine = typeof machine extends fc.Arbitrary<infer T> ? T : never;

const lives = (all: readonly Machine[], curtailmentId?: string): MachineFact[][] =>
  all.map(({ watts, offMs }, n) => [
    ...running(`S${n}`, 100 * (n + 1), watts),
    fact(`S${n}`, 100 * (n + 1) + 3, 'deenergized', at(offMs), {
      cause: curtailmentId === undefined ? 'fault' : 'curtailment',
      ...(curtailmentId !== undefined && { curtailmentId }),
    }),
  ]);

const wattMs = (all: readonly Machine[], msOf: (one: Machine) => number): bigint =>
  all.reduce((sum, one) => sum + BigInt(one.watts) * BigInt(msOf(one)), 0n);

/** As `n/d`, against another fraction. */
const isSame = (fraction: string, numerator: bigint, denominator: bigint): boolean => {
  const [n = '0', d = '1'] = fraction.split('/');
  return BigInt(n) * denominator === numerator * BigInt(d);
};

const only = (rated: readonly Rated[]): Rated => {
  expect(rated).toHaveLength(1);
  expect(floatsIn(rated.map(({ line }) => line))).toEqual([]);
  return rated[0]!;
};

it('energy is watts × milliseconds, and costs what it is times the rate, rounded once', () => {
  let beyond = 0;
  fc.assert(
    fc.property(machines, decimal(1n, 6), decimal(20n, 2), (all, ratePerKwh, upliftPercent) => {
      const card = { basis: 'nameplateKwh', ratePerKwh, upliftPercent } as const;
      const { line, exactQuantity } = only(
        computePeriod(inputsOf([terms(card)], lives(all))).rated,
      );
      const energy = wattMs(all, ({ offMs }) => offMs);
      const [rate, rateOne] = whole(ratePerKwh);
      const [uplift, upliftOne] = whole(upliftPercent);
      const raised = energy * (100n * upliftOne + uplift);
      const of = WATT_MS_PER_KWH * 100n * upliftOne;
      expect(isSame(exactQuantity, raised, of)).toBe(true);
      expect(line.amount).toBe(cents(raised * rate, of * rateOne, 'halfUp'));
      if (BigInt(Number(energy)) !== energy) beyond += 1;
    }),
  );
  // A float would have been another number.
  expect(beyond).toBeGreaterThan(20);
});

it('what is accrued by a day is the same of what was drawn until its end', () => {
  fc.assert(
    fc.property(
      machines,
      decimal(1n, 6),
      fc.integer({ min: 1, max: 30 }),
      (all, ratePerKwh, day) => {
        const card = { basis: 'nameplateKwh', ratePerKwh } as const;
        const untilMs = day * 86_400_000;
        const on = at(untilMs - 1).slice(0, 10);
        const earned = earnedBy(inputsOf([terms(card)], lives(all)), on, at(untilMs));
        const energy = wattMs(all, ({ offMs }) => Math.min(offMs, untilMs));
        const [rate, one] = whole(ratePerKwh);
        const amount = cents(energy * rate, WATT_MS_PER_KWH * one, 'halfUp');
        expect(earned.totals).toEqual([{ currency: 'USD', amount }]);
        expect(floatsIn(earned)).toEqual([]);
      },
    ),
  );
});

it('a part of a receipt is what was avoided of what all avoided or was measured, rounded down', () => {
  fc.assert(
    fc.property(
      machines,
      fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      decimal(10n ** 12n, 2),
      decimal(100n, 3),
      (all, energyAvoidedWh, amount, sharePercent) => {
        const credit = { causes: ['demandResponse'], sharePercent, clauseRef: '8.2' };
        const card = { basis: 'nameplateKwh', ratePerKwh: '0', curtailmentCredit: credit } as const;
        const lasts = { startsAt: month.from, endedAt: month.until, energyAvoidedWh };
        const { rated } = computePeriod(
          inputsOf([terms(card)], lives(all, 'curtailment-1'), {
            curtailments: [curtailment(lasts)],
            receipts: [receipt({ amount, receivedOn: '2024-01-31' })],
          }),
        );
        const { line } = only(rated.filter((one) => one.line.component === 'curtailmentCredit'));
        const avoided = wattMs(all, ({ offMs }) => MONTH_MS - offMs);
        const measured = BigInt(energyAvoidedWh) * 3_600_000n;
        const divisor = avoided > measured ? avoided : measured;
        const [received, receivedOne] = whole(amount);
        const [share, shareOne] = whole(sharePercent);
        const part = cents(
          received * avoided * share,
          receivedOne * divisor * 100n * shareOne,
          'down',
        );
        expect(line.amount).toBe(/[1-9]/.test(part) ? `-${part}` : part);
      },
    ),
  );
});

const DAY_MS = 86_400_000;
const later = (day: string, days: number): string =>
  new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);

/** What was overdue each day × the percent ÷ the days of its month, day by day. */
const feeByDays = (
  overdue: (day: string) => bigint,
  percent: string,
  fromOn: string,
  throughOn: string,
): readonly [bigint, bigint] => {
  const [rate, rateOne] = whole(percent);
  // Of days in months of 28 to 31 days.
  const all = 28n * 29n * 30n * 31n;
  let sum = 0n;
  for (let day = fromOn; day <= throughOn; day = later(day, 1)) {
    const [year, ofYear] = [Number(day.slice(0, 4)), Number(day.slice(5, 7))];
    const days = BigInt(new Date(Date.UTC(year, ofYear, 0)).getUTCDate());
    sum += overdue(day) * (all / days);
  }
  return [sum * rate, all * 100n * 100n * rateOne];
};

it('late fees are what was overdue each day, and however often they are asked for come to the same', () => {
  fc.assert(
    fc.property(
      decimal(10n ** 13n, 2),
      decimal(10n, 4),
      fc.integer({ min: 11, max: 200 }),
      fc.integer({ min: 1, max: 199 }),
      fc.array(fc.integer({ min: 11, max: 199 }), { maxLength: 4 }),
      (amount, percentPerMonth, days, paidAfter, asked) => {
        const [units] = whole(amount);
        const entry = {
          ...january,
          totals: [{ currency: 'USD', amount }],
          lateFee: { percentPerMonth, graceDays: 10 },
        };
        const throughOn = later('2024-03-01', days);
        const paidOn = later('2024-03-01', Math.max(11, paidAfter));
        const half = units / 2n;
        const isPaid = half > 0n && paidOn <= throughOn;
        const acts = [...new Set([...asked.filter((one) => one < days), days])].sort(
          (a, b) => a - b,
        );
        const events = historyOf(
          enter(entry),
          ...(isPaid ? [pay(cents(half, 100n, 'down'), paidOn, { receivedOn: paidOn })] : []),
          ...acts.map((one) => {
            return command('ChargeLateFees', { throughOn: later('2024-03-01', one) }, '2025-01-01');
          }),
        );
        const fees = events.flatMap((event): LateFeeCharged['data'][] =>
          event.type === 'LateFeeCharged' ? [event.data] : [],
        );
        const together = fees.reduce((sum, fee) => sum + whole(fee.amount)[0], 0n);
        const overdue = (day: string) => (isPaid && day >= paidOn ? units - half : units);
        const [n, d] = feeByDays(overdue, percentPerMonth, '2024-03-02', throughOn);
        expect(cents(together, 100n, 'down')).toBe(cents(n, d, 'halfUp'));
        expect(floatsIn(events.map(({ data }) => data))).toEqual([]);
        const account = events.reduce(accountAggregate.evolve, accountAggregate.initialState);
        expect(floatsIn(account)).toEqual([]);
      },
    ),
  );
});

it.each(bases)(
  '%s: no statement, close or restatement has a number where decimals are told',
  (basis) => {
    fc.assert(
      fc.property(histories(basis), ({ first, acts }) => {
        const books = openedBooks(first);
        for (const act of acts) act(books);
        expect(floatsIn(books.statements)).toEqual([]);
        for (const one of books.closedMonths()) expect(floatsIn(books.period(one))).toEqual([]);
      }),
      { numRuns: 10 },
    );
  },
);

it('the look-out finds a number, and a text that is none', () => {
  expect(floatsIn({ lines: [{ amount: 0.1, scale: 2 }] })).toEqual(['/lines/0/amount 0.1']);
  expect(floatsIn({ amount: '1e21', scale: 0.5 })).toEqual(['/amount 1e21', '/scale 0.5']);
  expect(floatsIn(new Map([['s', { quantity: 'NaN' }]]))).toEqual(['/s/quantity NaN']);
});
