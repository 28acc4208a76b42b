import { buildMessage, ValidateBy, type ValidationOptions } from 'class-validator';

/** Names of places; `Etc/GMT+5`, `EST` and `US/Pacific-New` are none. */
const PLACES =
  /^(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)(\/[A-Z][a-z]+(?:[_-](?:[A-Z][a-z]+|of|es|au))*)+$/;

const listed = new Set([...Intl.supportedValuesOf('timeZone'), 'UTC', 'Etc/UTC']);

/**
 * Whether a text is the name of a time zone as the IANA database spells it. Not all that `Intl`
 * takes: an offset such as `+05:00` is no zone and read with the other sign by POSIX, and old
 * aliases are unknown to other systems. ICU lists places that were renamed under their old names
 * (`Asia/Calcutta`), so one that is not listed but known, and spelled as a place, is taken too.
 */
export const isTimeZoneName = (value: unknown): value is string => {
  if (typeof value !== 'string') return false;
  if (listed.has(value)) return true;
  if (!PLACES.test(value)) return false;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions();
    return listed.has(timeZone) && timeZone.toLowerCase() !== value.toLowerCase();
  } catch {
    return false;
  }
};

/** The IANA name of a time zone, e.g. `America/Chicago`. */
export const IsTimeZoneName = (options?: ValidationOptions): PropertyDecorator =>
  ValidateBy(
    {
      name: 'isTimeZone',
      validator: {
        validate: isTimeZoneName,
        defaultMessage: buildMessage(
          (each) => `${each}$property is the IANA name of a time zone, e.g. America/Chicago`,
          options,
        ),
      },
    },
    options,
  );
