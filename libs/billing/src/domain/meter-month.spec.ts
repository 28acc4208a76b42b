import { specOf } from '@hostledger/testing';
import { day, factsOf, meter, reading } from './meter-month.fixture.js';
import {
  meterMonthAggregate,
  type MeterMonthCommand,
  type MeterMonthEvent,
  type NewReading,
  type RecordedReading,
} from './meter-month.js';
import type { ReadingFacts } from './meter-readings.js';

const { given } = specOf(meterMonthAggregate);
const at = '2024-07-05T00:00:00.000Z';

const about = {
  meterId: 'DENTON-A-07',
  contractId: 'contract-1',
  facility: 'DENTON',
  kind: 'energy' as const,
  month: '2024-06',
};
const upload = { digest: 'a'.repeat(64), operationId: 'operation-1' };
const agreed = factsOf({ estimation: [{ effectiveOn: '2023-09-25', agreed: true }] });

const accept = (
  readings: readonly NewReading[],
  facts: ReadingFacts = factsOf(),
  now = at,
): MeterMonthCommand => ({
  type: 'AcceptReadings',
  data: { facts, readings, ...upload },
  at: now,
});
const accepted = (...readings: readonly RecordedReading[]): MeterMonthEvent => ({
  type: 'UsageAccepted',
  data: { ...about, ...upload, readings },
});
const estimated = (method: string, ...readings: readonly RecordedReading[]): MeterMonthEvent => ({
  type: 'UsageEstimated',
  data: { ...about, ...upload, method, readings },
});
const correct = (
  from: number,
  until: number,
  readings: readonly NewReading[],
  facts: ReadingFacts = factsOf(),
): MeterMonthCommand => ({
  type: 'CorrectUsage',
  data: { facts, from: day(from), until: day(until), readings, cause: 'Read again' },
  at,
});
const corrected = (
  from: number,
  until: number,
  readings: readonly NewReading[],
): MeterMonthEvent => ({
  type: 'UsageCorrected',
  data: { ...about, from: day(from), until: day(until), readings, cause: 'Read again' },
});

describe('readings of a month', () => {
  it('go on from the start of the month, in one event, whatever their order', () => {
    given()
      .when(accept([reading(2, 3, 700), reading(1, 2, 500)]))
      .then(accepted(reading(1, 2, 500), reading(2, 3, 700)));
    given(accepted(reading(1, 2, 500)))
      .when(accept([reading(2, 3, 700, { line: 9 })]))
      .then(accepted(reading(2, 3, 700, { line: 9 })));
  });

  it('go on from where the meter begins, if that is within the month', () => {
    const facts = factsOf({ meter: { ...meter, startsAt: day(10) } });
    given()
      .when(accept([reading(10, 11, 500)], facts))
      .then(accepted(reading(10, 11, 500)));
    given()
      .when(accept([reading(9, 10, 500)], facts))
      .thenRejects('meter/outside-life', '/from');
    given()
      .when(accept([reading(11, 12, 500)], facts))
      .thenRejects('meter/gap', '/from');
  });

  it('end with the meter', () => {
    const facts = factsOf({ meter: { ...meter, endsAt: day(2) } });
    given()
      .when(accept([reading(1, 2, 500)], facts))
      .then(accepted(reading(1, 2, 500)));
    given()
      .when(accept([reading(1, 3, 500)], facts))
      .thenRejects('meter/outside-life', '/until');
  });

  it('leave no gap and do not overlap', () => {
    given()
      .when(accept([reading(2, 3, 700)]))
      .thenRejects('meter/gap', '/from');
    given(accepted(reading(1, 2, 500)))
      .when(accept([reading(3, 4, 700)]))
      .thenRejects('meter/gap');
    const half = { from: day(1, 12), until: day(2), amount: '200' };
    given(accepted(reading(1, 2, 500)))
      .when(accept([half]))
      .thenRejects('meter/overlap', '/from');
    given(accepted(reading(1, 2, 500)))
      .when(accept([reading(1, 3, 500)]))
      .thenRejects('meter/overlap');
  });

  it('change nothing when they are told again, and are not told otherwise', () => {
    const known = accepted(reading(1, 2, 500, { register: '1500' }));
    given(known)
      .when(accept([reading(1, 2, 500, { register: '1500', line: 4 })]))
      .thenNothing();
    given(known)
      .when(accept([reading(1, 2, 501, { register: '1500' })]))
      .thenRejects('meter/told-otherwise');
    given(known)
      .when(accept([reading(1, 2, 500, { register: '1501' })]))
      .thenRejects('meter/told-otherwise');
  });

  it('change nothing when they are told again after they were corrected', () => {
    given(accepted(reading(1, 2, 500)), corrected(1, 2, [reading(1, 2, 550)]))
      .when(accept([reading(1, 2, 500)]))
      .thenNothing();
  });

  it('lie within a month of the contract, and have come', () => {
    const last = Array.from({ length: 29 }, (_, index) => reading(index + 1, index + 2, 500));
    given(accepted(...last))
      .when(accept([reading(30, 32, 1_000)]))
      .thenRejects('meter/across-months', '/until');
    given(accepted(...last))
      .when(accept([reading(30, 31, 500)]))
      .then(accepted(reading(30, 31, 500)));
    given()
      .when(accept([reading(1, 2, 500)], factsOf(), day(2)))
      .then(accepted(reading(1, 2, 500)));
    given()
      .when(accept([reading(1, 2, 500)], factsOf(), '2024-06-02T04:59:59.999Z'))
      .thenRejects('meter/not-come', '/until');
    given()
      .when(accept([reading(2, 2, 0)]))
      .thenRejects('meter/backwards', '/until');
  });

  it('are many to an event, and no more than fit', () => {
    const minutes = Array.from({ length: 450 }, (_, index): NewReading => {
      const minute = (n: number) => new Date(Date.parse(day(1)) + n * 60_000).toISOString();
      return { from: minute(index), until: minute(index + 1), amount: '123456789012345678' };
    });
    const events = [minutes.slice(0, 200), minutes.slice(200, 400), minutes.slice(400)];
    given()
      .when(accept(minutes))
      .then(...events.map((part) => accepted(...part)));
    expect(Buffer.byteLength(JSON.stringify(accepted(...events[0]!)))).toBeLessThan(48 * 1024);
  });
});

describe('the register', () => {
  const at1500 = accepted(reading(1, 2, 500, { register: '1500' }));

  it('counts what the readings say', () => {
    given(at1500)
      .when(accept([reading(2, 3, 700, { register: '2200' })]))
      .then(accepted(reading(2, 3, 700, { register: '2200' })));
    given(at1500)
      .when(accept([reading(2, 3, 700, { register: '2201' })]))
      .thenRejects('meter/register-mismatch', '/register');
  });

  it('never falls, also where it was not told for a while', () => {
    given(at1500)
      .when(accept([reading(2, 3, 0, { register: '1499' })]))
      .thenRejects('meter/below-previous', '/register');
    given(at1500, accepted(reading(2, 3, 700)))
      .when(accept([reading(3, 4, 10, { register: '1499' })]))
      .thenRejects('meter/below-previous');
  });

  it('counts what was told since it was told last, also where it was left out for a while', () => {
    const left = [at1500, accepted(reading(2, 3, 700))];
    for (const register of ['1510', '2199', '2200', '2209', '2211']) {
      given(...left)
        .when(accept([reading(3, 4, 10, { register })]))
        .thenRejects(
          BigInt(register) < 2200n ? 'meter/below-previous' : 'meter/register-mismatch',
          '/register',
        );
    }
    given(...left)
      .when(accept([reading(3, 4, 10, { register: '2210' })]))
      .then(accepted(reading(3, 4, 10, { register: '2210' })));
    given(at1500)
      .when(accept([reading(2, 3, 700), reading(3, 4, 10, { register: '1510' })]))
      .thenRejects('meter/below-previous');
  });

  it('counts no less than was measured where an estimate is between', () => {
    const guessed = [at1500, estimated('nameplate', reading(2, 3, 900))];
    for (const register of ['1510', '2210', '2410', '9000']) {
      given(...guessed)
        .when(accept([reading(3, 4, 10, { register })]))
        .then(accepted(reading(3, 4, 10, { register })));
    }
    given(...guessed, accepted(reading(3, 4, 700)))
      .when(accept([reading(4, 5, 10, { register: '2209' })]))
      .thenRejects('meter/register-mismatch');
    given(...guessed, accepted(reading(3, 4, 10, { register: '2210' })))
      .when(correct(2, 3, [reading(2, 3, 699)]))
      .thenRejects('meter/register-mismatch', '/readings/register');
    given(...guessed, accepted(reading(3, 4, 10, { register: '2210' })))
      .when(correct(2, 3, [reading(2, 3, 700)]))
      .then(corrected(2, 3, [reading(2, 3, 700)]));
  });

  it('goes on from the month before, and below the month after', () => {
    const from900 = factsOf({ before: { at: day(1), register: '900', exact: true } });
    given()
      .when(accept([reading(1, 2, 100, { register: '1000' })], from900))
      .then(accepted(reading(1, 2, 100, { register: '1000' })));
    given()
      .when(accept([reading(1, 2, 500, { register: '899' })], from900))
      .thenRejects('meter/below-previous');
    given()
      .when(accept([reading(1, 2, 500, { register: '1401' })], from900))
      .thenRejects('meter/register-mismatch');
    const july = factsOf({ after: { at: day(31), register: '5000', exact: true } });
    given()
      .when(accept([reading(1, 2, 500, { register: '5001' })], july))
      .thenRejects('meter/above-next', '/register');
    given()
      .when(accept([reading(1, 31, 500, { register: '4999' })], july))
      .thenRejects('meter/register-mismatch');
  });

  it('counts no less than was measured where something is missing between months', () => {
    const at20 = { at: '2024-05-20T05:00:00.000Z', register: '900', exact: true };
    const unsure = { at: day(1), register: '900', exact: false };
    for (const before of [at20, unsure]) {
      for (const register of ['1400', '2401']) {
        given()
          .when(accept([reading(1, 2, 500, { register })], factsOf({ before })))
          .then(accepted(reading(1, 2, 500, { register })));
      }
      given()
        .when(accept([reading(1, 2, 500, { register: '1399' })], factsOf({ before })))
        .thenRejects('meter/register-mismatch', '/register');
    }
  });

  it('is not passed by readings that leave it out until a later month', () => {
    const before = { at: day(1), register: '900', exact: true };
    const between = factsOf({ before, after: { at: day(31), register: '1400', exact: true } });
    given()
      .when(accept([reading(1, 31, 501)], between))
      .thenRejects('meter/above-next', '/amount');
    given()
      .when(accept([reading(1, 31, 499)], between))
      .thenRejects('meter/register-mismatch', '/amount');
    given()
      .when(accept([reading(1, 30, 499)], between))
      .then(accepted(reading(1, 30, 499)));
    const gap = factsOf({ before, after: { at: day(31), register: '1400', exact: false } });
    given()
      .when(accept([reading(1, 31, 499)], gap))
      .then(accepted(reading(1, 31, 499)));
    given(accepted(reading(1, 31, 500)))
      .when(correct(1, 31, [reading(1, 31, 600)], between))
      .then(corrected(1, 31, [reading(1, 31, 600)]));
    given(accepted(reading(1, 31, 500)))
      .when(correct(1, 31, [reading(1, 31, 600, { register: '1500' })], between))
      .thenRejects('meter/above-next');
  });
});

describe('an estimate', () => {
  const guess = reading(1, 2, 480, { estimatedBy: 'nameplate' });

  it('fills a gap where the terms say so', () => {
    given()
      .when(accept([reading(2, 3, 700), guess], agreed))
      .then(estimated('nameplate', reading(1, 2, 480)), accepted(reading(2, 3, 700)));
    given()
      .when(accept([guess]))
      .thenRejects('meter/estimate-not-agreed', '/estimatedBy');
  });

  it('is judged by the terms in force on its day', () => {
    const estimation = [
      { effectiveOn: '2023-09-25', agreed: true },
      { effectiveOn: '2024-06-02', agreed: false },
    ];
    const second = reading(2, 3, 480, { estimatedBy: 'nameplate' });
    given()
      .when(accept([guess], factsOf({ estimation })))
      .then(estimated('nameplate', reading(1, 2, 480)));
    given()
      .when(accept([guess, second], factsOf({ estimation })))
      .thenRejects('meter/estimate-not-agreed');
    const later = [{ effectiveOn: '2024-06-02', agreed: true }];
    given()
      .when(accept([guess], factsOf({ estimation: later })))
      .thenRejects('meter/estimate-not-agreed');
  });

  it('shares an event with others of its method only', () => {
    const other = reading(2, 3, 480, { estimatedBy: 'week before' });
    given()
      .when(accept([guess, other], agreed))
      .then(
        estimated('nameplate', reading(1, 2, 480)),
        estimated('week before', reading(2, 3, 480)),
      );
  });

  it('is replaced by a correction, not by a reading', () => {
    const known = estimated('nameplate', reading(1, 2, 480));
    given(known)
      .when(accept([reading(1, 2, 480)], agreed))
      .thenRejects('meter/told-otherwise');
    given(known)
      .when(correct(1, 2, [reading(1, 2, 480)]))
      .then(corrected(1, 2, [reading(1, 2, 480)]));
  });
});

describe('a correction', () => {
  const days = accepted(reading(1, 2, 500), reading(2, 3, 700), reading(3, 4, 600));

  it('replaces one interval, one by many, or many by one', () => {
    given(days)
      .when(correct(2, 3, [reading(2, 3, 710)]))
      .then(corrected(2, 3, [reading(2, 3, 710)]));
    given(accepted(reading(1, 4, 1_800)))
      .when(correct(1, 4, [reading(2, 4, 1_300), reading(1, 2, 500)]))
      .then(corrected(1, 4, [reading(1, 2, 500), reading(2, 4, 1_300)]));
    given(days)
      .when(correct(1, 4, [reading(1, 4, 1_800)]))
      .then(corrected(1, 4, [reading(1, 4, 1_800)]));
  });

  it('is what holds from then on', () => {
    const split = corrected(2, 3, [
      { from: day(2), until: day(2, 6), amount: '300' },
      { from: day(2, 6), until: day(3), amount: '410' },
    ]);
    given(days, split)
      .when(correct(2, 3, [reading(2, 3, 700)]))
      .then(corrected(2, 3, [reading(2, 3, 700)]));
    given(days, split)
      .when(accept([reading(4, 5, 500)]))
      .then(accepted(reading(4, 5, 500)));
  });

  it('that changes nothing is nothing to do', () => {
    given(days)
      .when(correct(2, 3, [reading(2, 3, 700)]))
      .thenNothing();
  });

  it('begins and ends with what is known', () => {
    given()
      .when(correct(1, 2, [reading(1, 2, 1)]))
      .thenRejects('meter/nothing-to-correct');
    given(days)
      .when(correct(3, 5, [reading(3, 5, 1)]))
      .thenRejects('meter/nothing-to-correct', '/from');
    given(accepted(reading(1, 4, 1_800)))
      .when(correct(2, 3, [reading(2, 3, 1)]))
      .thenRejects('meter/nothing-to-correct');
  });

  it('fills what it replaces', () => {
    for (const readings of [
      [reading(1, 2, 1)],
      [reading(1, 2, 1), reading(3, 4, 1)],
      [reading(1, 3, 1), reading(2, 4, 1)],
      [reading(1, 5, 1)],
      [],
    ]) {
      given(days)
        .when(correct(1, 4, readings))
        .thenRejects('meter/correction-incomplete', '/readings');
    }
  });

  it('keeps the registers in order', () => {
    const counted = accepted(
      reading(1, 2, 500, { register: '1500' }),
      reading(2, 3, 700, { register: '2200' }),
    );
    given(counted)
      .when(correct(1, 2, [reading(1, 2, 600, { register: '1600' })]))
      .thenRejects('meter/register-mismatch', '/readings/register');
    given(counted)
      .when(correct(1, 2, [reading(1, 2, 600)]))
      .then(corrected(1, 2, [reading(1, 2, 600)]));
    given(counted)
      .when(correct(1, 2, [reading(1, 2, 600, { register: '2201' })]))
      .thenRejects('meter/below-previous');
  });

  it('estimates only where the terms say so', () => {
    const guess = [reading(2, 3, 650, { estimatedBy: 'nameplate' })];
    given(days)
      .when(correct(2, 3, guess))
      .thenRejects('meter/estimate-not-agreed');
    given(days)
      .when(correct(2, 3, guess, agreed))
      .then(corrected(2, 3, guess));
  });
});
