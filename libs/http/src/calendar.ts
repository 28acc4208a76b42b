/**
 * Whether a day, a month or an instant is of a year in which it is written with four digits in every time
 * zone, so that texts order as days do: from 1000 to 9998. PostgreSQL has no year 0, and the last evening of
 * 9999 in UTC is of the year 10000 where clocks are ahead of it.
 * @param text that begins with a year of four digits.
 */
export const isOfPlainYear = (text: string): boolean => text >= '1000' && text < '9999';
