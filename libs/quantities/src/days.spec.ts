import fc from 'fast-check';
import { dayIn, startOf } from './days.js';

describe('a day of a time zone', () => {
  it.each([
    ['UTC', '2023-12-31', '2023-12-31T00:00:00.000Z'],
    ['America/Chicago', '2024-01-01', '2024-01-01T06:00:00.000Z'],
    ['America/Chicago', '2024-07-01', '2024-07-01T05:00:00.000Z'],
    ['Asia/Kathmandu', '2024-01-01', '2023-12-31T18:15:00.000Z'],
    ['Pacific/Kiritimati', '2024-01-01', '2023-12-31T10:00:00.000Z'],
    // Clocks were put forward at midnight: the day began at one o'clock.
    ['America/Asuncion', '2023-10-01', '2023-10-01T04:00:00.000Z'],
  ])('in %s, %s begins at %s', (timeZone, day, instant) => {
    expect(startOf(timeZone, day)).toBe(instant);
  });

  it('begins at the first minute that falls on it', () => {
    const zones = [
      'UTC',
      'America/Chicago',
      'Europe/Berlin',
      'Australia/Lord_Howe',
      'Asia/Kolkata',
    ];
    const days = fc.date({ min: new Date('2000-01-01'), max: new Date('2035-01-01') });
    fc.assert(
      fc.property(fc.constantFrom(...zones), days, (timeZone, date) => {
        fc.pre(!Number.isNaN(date.getTime()));
        const day = date.toISOString().slice(0, 10);
        const start = startOf(timeZone, day);
        expect(dayIn(timeZone, start)).toBe(day);
        expect(dayIn(timeZone, new Date(Date.parse(start) - 1).toISOString()) < day).toBe(true);
      }),
    );
  });
});
