import { isTimeZoneName } from './time-zone.js';

describe('the name of a time zone', () => {
  it.each([
    'America/Chicago',
    'America/Argentina/Buenos_Aires',
    'America/Port_of_Spain',
    'America/North_Dakota/New_Salem',
    'UTC',
    'Etc/UTC',
  ])('%s is one', (name) => {
    expect(isTimeZoneName(name)).toBe(true);
  });

  it.each(['Asia/Kolkata', 'Asia/Calcutta', 'Europe/Kyiv', 'Europe/Kiev'])(
    'is one before and after the place was renamed: %s',
    (name) => {
      expect(isTimeZoneName(name)).toBe(true);
    },
  );

  it.each([
    'US/Pacific-New',
    'US/Pacific',
    'EST',
    'Etc/GMT+5',
    '+05:00',
    'america/chicago',
    'America/CHICAGO',
    'Asia/kolkata',
    'Mars/Base',
    'America/Nowhere',
    '',
    5,
    undefined,
  ])('%p is none', (name) => {
    expect(isTimeZoneName(name)).toBe(false);
  });
});
