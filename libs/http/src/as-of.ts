import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import type { RecordedEvent } from '@hostledger/eventsourcing';
import { isOfPlainYear } from './calendar.js';
import { MayBeAbsent } from './forms.js';

// What was true on a day, by what had been recorded: answered from the events of a short stream.

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?Z$/;
const POSITION = /^\d{1,19}$/;

/**
 * A date that the calendar does not have, or 25 o'clock, does not come out as it went in. Years that
 * not every time zone writes in four digits would.
 */
const isOfCalendar = (text: string): boolean => {
  const time = Date.parse(text);
  if (Number.isNaN(time) || !isOfPlainYear(text)) return false;
  return new Date(time).toISOString().startsWith(text.slice(0, 16));
};
const isDay = (text: string): boolean => DAY.test(text) && isOfCalendar(text);
const isInstant = (text: string): boolean => INSTANT.test(text) && isOfCalendar(text);
const isPosition = (text: string): boolean => POSITION.test(text);

const IsMoment = (name: string, isOne: (text: string) => boolean, message: string) =>
  applyDecorators(
    ApiProperty({ type: String }),
    ValidateBy({
      name,
      validator: {
        validate: (value) => typeof value === 'string' && isOne(value),
        defaultMessage: () => message,
      },
    }),
  );

/** A day, YYYY-MM-DD, or an instant in UTC. */
export const IsDayOrInstant = (): PropertyDecorator =>
  IsMoment(
    'dayOrInstant',
    (text) => isDay(text) || isInstant(text),
    '$property is a day of the calendar, YYYY-MM-DD, or an instant in UTC',
  );

/** A log position, or an instant in UTC. */
export const IsPositionOrInstant = (): PropertyDecorator =>
  IsMoment(
    'positionOrInstant',
    (text) => isPosition(text) || isInstant(text),
    '$property is a log position or an instant in UTC',
  );

/** Query of the routes that answer as of a day, as known at a moment. */
export class AsOfQuery {
  /**
   * A day of the time zone of what is asked for, or an instant in UTC: what was true then. Today
   * if only `knownAt` is given.
   * @example 2023-12-31
   */
  @MayBeAbsent()
  @IsDayOrInstant()
  asOf?: string;

  /**
   * A log position, or an instant in UTC: only what had been recorded by then counts.
   * @example 2024-01-15T00:00:00Z
   */
  @MayBeAbsent()
  @IsPositionOrInstant()
  knownAt?: string;
}

/** Which events of a stream had been recorded by a position or an instant; all without one. */
export const knownBy = (knownAt: string | undefined): ((event: RecordedEvent) => boolean) => {
  if (knownAt === undefined) return () => true;
  if (/^\d+$/.test(knownAt)) return ({ position }) => position <= BigInt(knownAt);
  const instant = Date.parse(knownAt);
  return ({ recordedAt }) => Date.parse(recordedAt) <= instant;
};

/** The event that says something. */
export class RecordedView {
  eventId: string;
  /** Of its stream. */
  revision: number;
  position: string;
  recordedAt: string;
}

export const recordedView = ({
  id,
  revision,
  position,
  recordedAt,
}: Pick<RecordedEvent, 'id' | 'revision' | 'position' | 'recordedAt'>): RecordedView => ({
  eventId: id,
  revision: Number(revision),
  position: position.toString(),
  recordedAt,
});
