import fc from 'fast-check';
import { exact, EXACT_ZERO, type Exact } from '@hostledger/quantities';
import type { Source } from '../inputs.js';
import type { Rated } from '../line.js';
import type { MachineFact } from '../machine-facts.js';
import { recomputed } from './charge.js';
import { computePeriod } from './compute-period.js';
import { digestOf } from './digest.js';
import {
  atHour,
  cards,
  cut,
  facts,
  HOURS,
  inputsWith,
  linearCards,
  lives,
  versions,
} from './random.fixture.js';
import { CONTRACT, inputsOf, running, terms } from './rating.fixture.js';

/** Components with what they come to at each site, before they were rounded. */
const sums = (rated: readonly Rated[]): Record<string, string> => {
  const totals = new Map<string, Exact>();
  for (const { line } of rated) {
    const key = `${line.component} ${line.facility ?? '-'} ${line.currency}`;
    totals.set(key, (totals.get(key) ?? EXACT_ZERO).add(exact(line.exactAmount)));
  }
  return Object.fromEntries(
    [...totals].filter(([, sum]) => sum.n !== 0n).map(([key, sum]) => [key, sum.toFraction()]),
  );
};

const amount = (rated: readonly Rated[]): Exact =>
  rated.reduce((sum, { line }) => sum.add(exact(line.amount)), EXACT_ZERO);

describe('The same card adopted again in the middle of a month', () => {
  it('makes no difference but that of rounding each line', () => {
    fc.assert(
      fc.property(linearCards, cut, facts, (card, windows, given) => {
        const once = computePeriod(inputsWith([terms(card)], given));
        const again = computePeriod(
          inputsWith(
            windows.map((window, n) => terms(card, n + 1, window)),
            given,
          ),
        );
        expect(sums(again.rated)).toEqual(sums(once.rated));
        const lines = again.rated.length + once.rated.length;
        const off = amount(again.rated).sub(amount(once.rated)).abs();
        expect(off.compare(exact(lines).mul(exact('0.005')))).toBeLessThanOrEqual(0);
      }),
    );
  });
});

describe('An hour on its own', () => {
  /** Whether, where and at what power a machine is in an hour, told without stretches. */
  const inHour = (life: readonly MachineFact[], hour: number) => {
    // What was recorded earlier has happened earlier, whatever a later fact is dated.
    const next = life.findIndex(({ at }) => at > atHour(hour));
    const until = next < 0 ? life : life.slice(0, next);
    const last = <K extends keyof MachineFact>(name: K) =>
      until.findLast((one) => one[name] !== undefined)?.[name];
    const power = until.findLast(({ kind }) => /energized$/.test(kind))?.kind;
    const isCounted = power === 'energized' && last('contractId') === CONTRACT;
    return isCounted ? { facility: last('facility')!, watts: last('powerWatts')! } : undefined;
  };

  it('counts what each machine draws in it: 744 of them are the month', () => {
    fc.assert(
      fc.property(lives, (machines) => {
        const wattHours: Record<string, number> = {};
        for (const life of machines) {
          for (let hour = 0; hour < HOURS.ofMonth; hour += 1) {
            const drawn = inHour(life, hour);
            if (drawn) wattHours[drawn.facility] = (wattHours[drawn.facility] ?? 0) + drawn.watts;
          }
        }
        const card = { basis: 'nameplateKwh', ratePerKwh: '1' } as const;
        const { rated } = computePeriod(inputsOf([terms(card)], machines));
        const computed = rated.map(({ line, exactQuantity }) => [
          line.facility,
          exact(exactQuantity).mul(exact(1000)).toFraction(),
        ]);
        expect(Object.fromEntries(computed)).toEqual(
          Object.fromEntries(Object.entries(wattHours).map(([site, wh]) => [site, String(wh)])),
        );
      }),
      { numRuns: 40 },
    );
  });
});

describe('A line', () => {
  /** `n/d` or a decimal, as numerator and denominator. */
  const parts = (text: string): [bigint, bigint] => {
    const [numerator = '', denominator] = text.split('/');
    if (denominator !== undefined) return [BigInt(numerator), BigInt(denominator)];
    const [whole = '', fraction = ''] = numerator.split('.');
    return [BigInt(whole + fraction), 10n ** BigInt(fraction.length)];
  };

  /**
   * Half up, away from zero, and of what is shared out among many down, towards it; written without any
   * of the code under test.
   */
  const roundedAs = (mode: string, numerator: bigint, denominator: bigint, scale: number) => {
    const size = (numerator < 0n ? -numerator : numerator) * 10n ** BigInt(scale);
    const nearest =
      mode === 'down' ? size / denominator : (2n * size + denominator) / (2n * denominator);
    return numerator < 0n ? -nearest : nearest;
  };

  it('recomputes from quantity × rate with whole numbers alone', () => {
    fc.assert(
      fc.property(versions(cards), facts, (given, more) => {
        for (const rated of computePeriod(inputsWith(given, more)).rated) {
          const { line, exactQuantity } = rated;
          expect(line).toMatchObject(recomputed(rated));
          const [quantity, quantityOf] = parts(exactQuantity);
          const [rate, rateOf] = parts(line.rate);
          const share = line.unit === 'money' || line.unit === 'BTC' ? 100n : 1n;
          const [numerator, denominator] = [quantity * rate, quantityOf * rateOf * share];
          const [exactly, exactlyOf] = parts(line.exactAmount);
          expect(numerator * exactlyOf).toBe(exactly * denominator);
          const { scale, mode } = line.rounding;
          const isShared = line.component === 'curtailmentCredit' && line.unit === 'money';
          expect(mode).toBe(isShared ? 'down' : 'halfUp');
          const told = BigInt(line.amount.replace('.', ''));
          expect(told).toBe(roundedAs(mode, numerator, denominator, scale));
          expect(line.amount).toMatch(new RegExp(`^-?\\d+\\.\\d{${scale}}$`));
        }
      }),
    );
  });

  it('has a key of its own, sources in the order of the log, and steps', () => {
    fc.assert(
      fc.property(versions(cards), facts, (given, more) => {
        const { rated } = computePeriod(inputsWith(given, more));
        const keys = rated.map(({ line }) => line.key);
        expect(new Set(keys).size).toBe(keys.length);
        for (const { line, sources, steps } of rated) {
          const positions = sources.map(({ position }) => Number(position));
          expect(positions).toEqual([...new Set(positions)].toSorted((a, b) => a - b));
          expect(positions).toContain(line.termsVersion);
          expect(steps.length).toBeGreaterThan(0);
          expect(JSON.parse(JSON.stringify(line))).toEqual(line);
        }
      }),
    );
  });

  it('depends on the events it names, and on no others', () => {
    fc.assert(
      fc.property(versions(cards), facts, (given, more) => {
        for (const { line, sources } of computePeriod(inputsWith(given, more)).rated) {
          const named = new Set(sources.map(({ eventId }) => eventId));
          const isNamed = ({ source }: { source: Source }): boolean => named.has(source.eventId);
          const areNamed = (item: { sources: readonly Source[] }): boolean =>
            item.sources.some((source) => isNamed({ source }));
          const partsOf = (machines: Iterable<readonly MachineFact[]>) =>
            [...machines].map((life) => life.filter(isNamed)).filter(({ length }) => length > 0);
          const left = {
            lives: partsOf(more.lives),
            curtailed: new Map(
              partsOf(more.curtailed!.values()).map((life) => [life[0]!.serial, life]),
            ),
            meters: more.meters!.filter(isNamed),
            readings: more.readings!.filter(isNamed),
            powerRates: more.powerRates!.filter(isNamed),
            prices: more.prices!.filter(isNamed),
            receipts: more.receipts!.filter(isNamed),
            allocations: more.allocations!.filter(areNamed),
            curtailments: more.curtailments!.filter(areNamed),
          };
          const again = computePeriod(inputsWith(given, left)).rated;
          expect(again.find((one) => one.line.key === line.key)?.line).toEqual(line);
        }
      }),
    );
  });
});

describe('The same facts in another order', () => {
  it('give the same lines and the same digest', () => {
    fc.assert(
      fc.property(versions(cards), facts, (given, more) => {
        const inputs = inputsWith(given, more);
        const turned = inputsWith(given.toReversed(), {
          ...more,
          lives: more.lives.toReversed().map((life) => life.toReversed()),
          curtailed: new Map([...more.curtailed!].toReversed()),
          readings: more.readings!.toReversed(),
          powerRates: more.powerRates!.toReversed(),
          prices: more.prices!.toReversed(),
          allocations: more.allocations!.toReversed(),
        });
        expect(computePeriod(turned)).toEqual(computePeriod(inputs));
        expect(digestOf(turned)).toBe(digestOf(inputs));
      }),
    );
  });
});

describe('No float', () => {
  /** What floating point makes of it. */
  const floated = (units: number, thousandths: number): string =>
    (units * (thousandths / 1000)).toFixed(2);

  it('has a part in an amount: ties that it would miss are rounded up', () => {
    let missed = 0;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 9999 }), (units, n) => {
        const thousandths = 10 * n + 5;
        const rate = `${Math.floor(thousandths / 1000)}.${String(thousandths % 1000).padStart(3, '0')}`;
        const machines = Array.from({ length: units }, (_, k) => running(`S${k}`, 100 + 10 * k));
        const card = { basis: 'flatPerUnit', ratePerUnitMonth: rate } as const;
        const [line] = computePeriod(inputsOf([terms(card)], machines)).rated;
        const cents = String((units * thousandths + 5 - ((units * thousandths + 5) % 10)) / 10);
        const digits = cents.padStart(3, '0');
        const due = `${digits.slice(0, -2)}.${digits.slice(-2)}`;
        expect(line!.line.amount).toBe(due);
        if (floated(units, thousandths) !== due) missed += 1;
      }),
    );
    expect(missed).toBeGreaterThan(0);
  });
});
