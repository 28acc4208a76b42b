import { digestOf } from './digest.js';
import { inputsOf, meter, powerRate, reading, running, terms } from './rating.fixture.js';

const card = { basis: 'passThrough', serviceFeePerKwh: '0.01' } as const;
const lives = [running('A', 10), running('B', 20), running('C', 30)];
const more = {
  meters: [meter('M1', 40), meter('M2', 41)],
  readings: [reading('M1', 50, '1000'), reading('M2', 51, '2000')],
  powerRates: [powerRate('0.05', 60)],
};
const inputs = inputsOf([terms(card)], lives, more);

describe('The digest of inputs', () => {
  it('is the same in whatever order they were read', () => {
    const shuffled = inputsOf(
      [terms(card)],
      lives.toReversed().map((facts) => facts.toReversed()),
      { ...more, meters: more.meters.toReversed(), readings: more.readings.toReversed() },
    );
    shuffled.machines.forEach((facts, serial) => expect(facts[0]!.serial).toBe(serial));
    expect(digestOf(shuffled)).toBe(digestOf(inputs));
    expect(digestOf(inputs)).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ['a rate', inputsOf([terms({ ...card, serviceFeePerKwh: '0.02' })], lives, more)],
    ['a machine', inputsOf([terms(card)], lives.slice(1), more)],
    ['a fact', inputsOf([terms(card)], [lives[0]!.slice(0, 2), lives[1]!, lives[2]!], more)],
    ['a reading', { ...inputs, readings: more.readings.slice(1) }],
    ['a position', { ...inputs, position: '7' }],
  ])('tells %s from another', (_, other) => {
    expect(digestOf(other)).not.toBe(digestOf(inputs));
  });
});
