import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { begin, close, line } from '../domain/period.fixture.js';
import { billingPeriodAggregate } from '../domain/billing-period.js';
import type { PeriodEvent } from '../domain/period-events.js';
import { evolve, formulaOf, untouched } from '../domain/period-state.js';
import { computePeriod } from '../domain/rating/compute-period.js';
import { digestOf } from '../domain/rating/digest.js';
import { knownFormula } from '../domain/rating/formula.js';
import {
  curtailment,
  day,
  fact,
  inputsOf,
  receipt,
  running,
  terms,
} from '../domain/rating/rating.fixture.js';

// 72 kWh avoided by a machine of the contract, and by one of another; the programme paid 1,000.01.

const shed = (serial: string, position: number) => [
  ...running(serial, position, 3000),
  fact(serial, position + 3, 'deenergized', day(10), {
    ...{ cause: 'curtailment', curtailmentId: 'curtailment-1' },
  }),
  fact(serial, position + 4, 'energized', day(11)),
];
const credit = { causes: ['demandResponse'], sharePercent: '100', clauseRef: '8.2' };
const card = { basis: 'nameplateKwh', ratePerKwh: '0.05', curtailmentCredit: credit } as const;
const inputs = (energyAvoidedWh: number) =>
  inputsOf([terms(card)], [shed('A', 10)], {
    curtailments: [curtailment({ energyAvoidedWh })],
    receipts: [receipt({ amount: '1000.01' })],
  });
const others = new Map([['B', shed('B', 30).map((one) => ({ ...one, contractId: 'another' }))]]);
const creditBy = (formula: 1 | 2, measured: number, curtailed = others) =>
  computePeriod({ ...inputs(measured), curtailed, formula }).rated.at(-1)!;

describe('A part of a receipt', () => {
  it('is by the first formula own ÷ measured, rounded half up, whatever others avoided', () => {
    // 1000.01 × 72 ÷ 108 = 666.673333; 1000.01 × 72 ÷ 216 = 333.336667
    expect(creditBy(1, 108_000).line).toMatchObject({ amount: '-666.67' });
    expect(creditBy(1, 216_000).line).toMatchObject({
      ...{ amount: '-333.34', rounding: { mode: 'halfUp', scale: 2 } },
    });
  });

  it('is by the first formula at most all of it', () => {
    const { line: told, steps } = creditBy(1, 36_000);
    expect(told.amount).toBe('-1000.01');
    expect(steps).toContain('more than was measured, so all of it');
  });

  it('is by the second one own ÷ what all avoided, rounded down', () => {
    // 1000.01 × 72 ÷ 144 = 500.005
    expect(creditBy(2, 108_000).line).toMatchObject({
      ...{ amount: '-500.00', rounding: { mode: 'down', scale: 2 } },
    });
  });

  it('is of the same inputs, whatever the formula', () => {
    expect(digestOf({ ...inputs(1), formula: 1 })).toBe(digestOf(inputs(1)));
  });
});

describe('The formula of a month', () => {
  /** As programs recorded closes before they recorded versions: bytes of the log of then. */
  const old = (name: string) =>
    JSON.parse(
      readFileSync(join(__dirname, `closes-without-formula/${name}.json`), 'utf8'),
    ) as readonly PeriodEvent[];
  const monthOf = (events: readonly PeriodEvent[]) => events.reduce(evolve, untouched);

  it.each([
    ['rounded-half-up', 1],
    ['rounded-down', 2],
    ['without-receipts', 2],
  ])('that was closed before it was recorded is told by its lines: %s', (name, formula) => {
    expect(formulaOf(monthOf(old(name)))).toBe(formula);
  });

  it('that is open is the newest one, also after a close was refused', () => {
    expect(formulaOf(untouched)).toBe(2);
    const begun = billingPeriodAggregate.decide(begin({ formula: 1 }), untouched);
    expect(formulaOf(begun.reduce(evolve, untouched))).toBe(1);
    const refused: PeriodEvent = {
      type: 'PeriodCloseRefused',
      data: {
        ...{ contractId: 'c', month: '2024-03', closeId: 'close-1', statementId: 'statement-1' },
        ...{ code: 'x', detail: 'y', shortcomings: [], shortcomingCount: 0 },
      },
    };
    expect(formulaOf([...begun, refused].reduce(evolve, untouched))).toBe(2);
  });

  it('is that of the close, though lines would tell another one', () => {
    const share = line('-5.00', { component: 'curtailmentCredit', unit: 'money' });
    const commands = [begin({ formula: 2 }), close({ lines: [{ number: 1, ...share }] })];
    const closed = commands.reduce((month, command) => {
      return billingPeriodAggregate.decide(command, month).reduce(evolve, month);
    }, untouched);
    expect([closed.status, formulaOf(closed)]).toEqual(['closed', 2]);
  });

  it('is named where this program has no such one', () => {
    expect(() => knownFormula(3)).toThrow('version 3 of the formula; this program has 1 and 2');
  });
});
