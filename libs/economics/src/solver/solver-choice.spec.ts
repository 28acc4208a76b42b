import fc from 'fast-check';
import { mayGo, type ProposalInputs } from '../domain/proposal-classes.js';
import { moveValue } from '../domain/proposal-value.js';
import {
  conditions,
  inputsOf,
  largeFleet,
  machinesAt,
  MODELS,
  rackAt,
  terms,
} from './proposal-inputs.fixture.js';
import { chooseMoves, type Choice } from './solver-choice.js';
import { solveHere } from './solver-highs.js';

const choose = (inputs: ProposalInputs, more = {}): Promise<Choice> =>
  chooseMoves(inputs, solveHere, { withinSeconds: 20, ...more });

const movesTo = ({ moves }: Choice): string[] =>
  moves.map(({ serial, facility, rack, slot }) => `${serial} ${facility}/${rack}/${slot}`);

describe('the moves that are chosen', () => {
  it('bring weak machines to cheap power', async () => {
    const machines = [...machinesAt('DEAR', 'S21', 1), ...machinesAt('DEAR', 'S19JPRO', 1)];
    const inputs = inputsOf({ CHEAP: '0.035', DEAR: '0.08' }, machines, [
      rackAt('CHEAP', 'R1', 2, 3_500),
    ]);
    const choice = await choose(inputs);
    // Only one fits: the one that takes more power saves more of it.
    expect(movesTo(choice)).toEqual(['DEAR-S21-00001 CHEAP/R1/1']);
    // 5.6227 a day there for 88 days, less 1.8427 a day here for 90, less 60.
    expect(choice.value).toBe(2_689_547n);
    expect(choice.bound).toBe(choice.value);
  });

  it('are none where nothing pays', async () => {
    const inputs = inputsOf({ A: '0.05', B: '0.049' }, machinesAt('A', 'S21', 3), [
      rackAt('B', 'R1', 3, 20_000),
    ]);
    expect(await choose(inputs)).toMatchObject({ moves: [], value: 0n, bound: 0n });
    const tooDear = inputsOf({ A: '0.30', B: '0.20' }, machinesAt('A', 'S21', 3), [
      rackAt('B', 'R1', 3, 20_000),
    ]);
    expect(await choose(tooDear)).toMatchObject({ moves: [], value: 0n });
  });

  it('are better than the greedy ones where a heavy machine keeps two others out', async () => {
    const heavy = { hashrateGhs: 200_000, powerWatts: 6_000 };
    const machines = [
      ...machinesAt('DEAR', 'S21', 1, { serial: 'HEAVY', ...heavy }),
      ...machinesAt('DEAR', 'S21', 2),
    ];
    const inputs = inputsOf({ CHEAP: '0.02', DEAR: '0.09' }, machines, [
      rackAt('CHEAP', 'R1', 2, 7_000),
    ]);
    const choice = await choose(inputs);
    expect(movesTo(choice)).toEqual(['DEAR-S21-00001 CHEAP/R1/1', 'DEAR-S21-00002 CHEAP/R1/2']);
    expect(choice.value).toBeGreaterThan(choice.greedyValue);
    expect(choice.greedyValue).toBeGreaterThan(0n);
  });

  it('keep to the contract: its sites, its cost class, the consent of its customer', async () => {
    const machines = [1, 2, 3, 4].flatMap((n) =>
      machinesAt('DEAR', 'S21', 1, { serial: `M${n}`, contractId: `contract-${n}` }),
    );
    const racks = [rackAt('CHEAP', 'R1', 9, 99_000), rackAt('MIDDLE', 'R1', 9, 99_000)];
    const rates = { CHEAP: '0.03', MIDDLE: '0.05', DEAR: '0.08' };
    const rules = new Map([
      ['contract-1', { equalOrLowerRate: true, facilities: ['DEAR', 'MIDDLE'] }],
      ['contract-2', { equalOrLowerRate: false, consented: ['MIDDLE'] }],
      ['contract-3', { equalOrLowerRate: false, consented: [] }],
    ]);
    const choice = await choose(inputsOf(rates, machines, racks, { rules }));
    expect(movesTo(choice)).toEqual(['M4 CHEAP/R1/1', 'M1 MIDDLE/R1/1', 'M2 MIDDLE/R1/2']);
    const rateOf = new Map(Object.entries(rates));
    expect(mayGo({ equalOrLowerRate: true }, 'CHEAP', 'MIDDLE', rateOf)).toBe(false);
    expect(mayGo({ equalOrLowerRate: true }, 'MIDDLE', 'CHEAP', rateOf)).toBe(true);
  });

  it('keep to the power of the site, to so many moves and to a budget', async () => {
    const machines = machinesAt('DEAR', 'S19JXP', 6);
    const racks = [rackAt('CHEAP', 'R1', 4, 20_000), rackAt('CHEAP', 'R2', 4, 20_000)];
    const rates = { CHEAP: '0.03', DEAR: '0.08' };
    const count = async (more: Partial<ProposalInputs>) =>
      (await choose(inputsOf(rates, machines, racks, more))).moves.length;
    expect(await count({})).toBe(6);
    expect(await count({ maxMoves: 4 })).toBe(4);
    expect(await count({ budget: '299.99' })).toBe(4);
    const envelope = { facility: 'CHEAP', watts: 3 * MODELS.S19JXP.powerWatts };
    expect(await count({ sites: [envelope] })).toBe(3);
  });

  it('put stored machines into free slots where they are, and idle ones elsewhere if that pays', async () => {
    const machines = [
      ...machinesAt('HERE', 'S21', 1, { serial: 'STORED', standing: 'stored' }),
      ...machinesAt('HERE', 'S21', 1, { serial: 'IDLE', standing: 'idle' }),
    ];
    const inputs = inputsOf({ HERE: '0.05' }, machines, [rackAt('HERE', 'R1', 4, 30_000)]);
    expect(movesTo(await choose(inputs))).toEqual(['STORED HERE/R1/1']);
  });

  it('are the greedy ones where the solver gives up, under a bound that needs none', async () => {
    const inputs = inputsOf({ CHEAP: '0.03', DEAR: '0.08' }, machinesAt('DEAR', 'S21', 3), [
      rackAt('CHEAP', 'R1', 2, 8_000),
    ]);
    const solver = { solver: 'none', tolerance: 0, bound: Infinity };
    const givesUp = () => Promise.resolve({ status: 'notSolved' as const, ...solver });
    const choice = await chooseMoves(inputs, givesUp, { withinSeconds: 1 });
    expect(choice).toMatchObject({ status: 'notSolved', value: choice.greedyValue });
    expect(choice.moves).toHaveLength(2);
    expect(choice.bound * 2n).toBe(choice.value * 3n);
  });

  it('are chosen whatever the amounts are', async () => {
    const inputs = inputsOf({ CHEAP: '0.03', DEAR: '0.08' }, machinesAt('DEAR', 'S21', 3), [
      rackAt('CHEAP', 'R1', 2, 8_000),
    ]);
    const large = {
      ...inputs,
      rates: new Map(Object.entries({ CHEAP: '0', DEAR: '9'.repeat(9) })),
    };
    const choice = await choose(large);
    expect(choice).toMatchObject({ status: 'optimal', value: choice.greedyValue });
    expect(choice.moves).toHaveLength(2);
    expect(choice.bound).toBeGreaterThanOrEqual(choice.value);
  });

  it('are the same for the same inputs, in whatever order they come', async () => {
    const inputs = largeFleet(480, 12);
    const shuffled = {
      ...inputs,
      machines: inputs.machines.toReversed(),
      racks: inputs.racks.toReversed(),
      sites: inputs.sites.toReversed(),
    };
    const [one, other] = [await choose(inputs), await choose(shuffled)];
    expect(one.moves.length).toBeGreaterThan(0);
    expect(other).toEqual(one);
  });
});

/** The most that any way to put machines into racks is worth; tries them all. */
const bestByTrying = (inputs: ProposalInputs): bigint => {
  const { machines, rules, rates } = inputs;
  const racks = inputs.racks.map(({ facility, slots, watts }) => ({
    facility,
    slots: slots.length,
    watts,
  }));
  const left = new Map(inputs.sites.map(({ facility, watts }) => [facility, watts]));
  const from = (index: number, moves: number): bigint => {
    const machine = machines[index];
    if (!machine || moves === 0) return 0n;
    let best = from(index + 1, moves);
    for (const rack of racks) {
      const { facility } = rack;
      const watts = machine.powerWatts;
      if (rack.slots === 0 || rack.watts < watts || (left.get(facility) ?? 0) < watts) continue;
      if (facility === machine.facility && machine.standing !== 'stored') continue;
      if (!mayGo(rules.get(machine.contractId), machine.facility, facility, rates)) continue;
      const worth = moveValue(machine, facility, rates, conditions, terms);
      if (!worth) continue;
      rack.slots -= 1;
      rack.watts -= watts;
      left.set(facility, left.get(facility)! - watts);
      const total = worth.value + from(index + 1, moves - 1);
      if (total > best) best = total;
      rack.slots += 1;
      rack.watts += watts;
      left.set(facility, left.get(facility)! + watts);
    }
    return best;
  };
  return from(0, inputs.maxMoves ?? Infinity);
};

/** What the moves break of what they have to keep; empty as it should be. */
const broken = (inputs: ProposalInputs, { moves, lines, value }: Choice): string[] => {
  const faults: string[] = [];
  const machines = new Map(inputs.machines.map((machine) => [machine.serial, machine]));
  const racks = new Map(inputs.racks.map((rack) => [`${rack.facility}/${rack.rack}`, rack]));
  const watts = new Map<string, number>();
  const places = new Set<string>();
  let sum = 0n;
  moves.forEach(({ serial, facility, rack, slot }, index) => {
    const machine = machines.get(serial);
    if (!machine) return faults.push(`${serial} is not there, or moves twice`);
    machines.delete(serial);
    const place = `${facility}/${rack}`;
    if (places.has(`${place}/${slot}`)) faults.push(`${place}/${slot} is taken twice`);
    places.add(`${place}/${slot}`);
    if (!racks.get(place)?.slots.includes(slot)) faults.push(`${place}/${slot} is not free`);
    for (const key of [place, facility]) {
      watts.set(key, (watts.get(key) ?? 0) + machine.powerWatts);
    }
    const rule = inputs.rules.get(machine.contractId);
    if (!mayGo(rule, machine.facility, facility, inputs.rates)) faults.push(`${serial} may not`);
    const worth = moveValue(machine, facility, inputs.rates, conditions, terms)?.value ?? -1n;
    if (worth <= 0n) faults.push(`${serial} loses by it`);
    const number = index + 1;
    const line = lines.find((one) => one.firstMove <= number && number < one.firstMove + one.moves);
    if (line?.value !== worth || line.from !== machine.facility || line.to !== facility) {
      faults.push(`move ${number} is on no line of its worth`);
    }
    return (sum += worth);
  });
  for (const [key, rack] of racks)
    if ((watts.get(key) ?? 0) > rack.watts) faults.push(`${key} watts`);
  for (const site of inputs.sites) {
    if ((watts.get(site.facility) ?? 0) > site.watts) faults.push(`${site.facility} watts`);
  }
  if (sum !== value) faults.push(`the value is ${sum}, not ${value}`);
  if (moves.length > (inputs.maxMoves ?? Infinity)) faults.push('too many moves');
  return faults;
};

const SITES = ['A', 'B', 'C'];
const anyInputs = fc
  .record({
    rates: fc.tuple(...SITES.map(() => fc.integer({ min: 10, max: 99 }))),
    machines: fc.array(
      fc.record({
        facility: fc.constantFrom(...SITES),
        model: fc.constantFrom(...(Object.keys(MODELS) as (keyof typeof MODELS)[])),
        standing: fc.constantFrom('running' as const, 'idle' as const, 'stored' as const),
        contractId: fc.constantFrom('contract-1', 'contract-2', 'contract-3'),
      }),
      { maxLength: 6 },
    ),
    racks: fc.array(
      fc.record({
        facility: fc.constantFrom(...SITES),
        slots: fc.integer({ min: 0, max: 3 }),
        watts: fc.integer({ min: 0, max: 11_000 }),
      }),
      { maxLength: 4 },
    ),
    envelopes: fc.tuple(...SITES.map(() => fc.integer({ min: 3_000, max: 20_000 }))),
    consented: fc.subarray(SITES),
    facilities: fc.subarray(SITES),
    maxMoves: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  })
  .map(({ rates, machines, racks, envelopes, consented, facilities, maxMoves }) =>
    inputsOf(
      Object.fromEntries(SITES.map((site, n) => [site, `0.0${rates[n]}`])),
      machines.map(({ model, ...machine }, n) => ({
        serial: `M${n}`,
        ...MODELS[model],
        ...machine,
      })),
      racks.map(({ facility, slots, watts }, n) => rackAt(facility, `R${n}`, slots, watts)),
      {
        sites: SITES.map((facility, n) => ({ facility, watts: envelopes[n]! })),
        rules: new Map([
          ['contract-1', { equalOrLowerRate: true, facilities }],
          ['contract-2', { equalOrLowerRate: false, consented }],
        ]),
        ...(maxMoves !== undefined && { maxMoves }),
      },
    ),
  );

describe('whatever there is to choose from', () => {
  it('nothing that can be carried out brings more, and racks told apart leave no gap', async () => {
    await fc.assert(
      fc.asyncProperty(anyInputs, async (inputs) => {
        const choice = await choose(inputs);
        expect(broken(inputs, choice)).toEqual([]);
        expect(choice).toMatchObject({ grouping: 'rack', status: 'optimal' });
        expect(choice.value).toBe(bestByTrying(inputs));
        expect(choice.bound).toBe(choice.value);
        expect(choice.value).toBeGreaterThanOrEqual(choice.greedyValue);
      }),
      { numRuns: 150 },
    );
  });

  it('the bound holds as well where racks are not told apart', async () => {
    await fc.assert(
      fc.asyncProperty(anyInputs, async (inputs) => {
        const choice = await choose(inputs, { mostColumns: -1 });
        expect(broken(inputs, choice)).toEqual([]);
        expect(choice.grouping).toBe('facility');
        const best = bestByTrying(inputs);
        expect(choice.bound).toBeGreaterThanOrEqual(best);
        expect(choice.value).toBeLessThanOrEqual(best);
        expect(choice.value).toBeGreaterThanOrEqual(choice.greedyValue);
      }),
      { numRuns: 150 },
    );
  });
});

it('27,000 machines over 8 sites are chosen from within a minute', async () => {
  const inputs = largeFleet(27_000, 150);
  const began = performance.now();
  const choice = await choose(inputs);
  const seconds = (performance.now() - began) / 1_000;
  const { value, bound, greedyValue, moves, lines, ...how } = choice;
  console.log({
    seconds,
    value,
    bound,
    greedyValue,
    moves: moves.length,
    lines: lines.length,
    ...how,
  });
  expect(broken(inputs, choice)).toEqual([]);
  expect(seconds).toBeLessThan(60);
  expect(value).toBeGreaterThanOrEqual(greedyValue);
  expect(Number(bound - value) / Number(bound)).toBeLessThan(0.05);
});
