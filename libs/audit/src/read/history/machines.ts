// Which machines an event names beside the one that it is of.

/** Of one machine, wherever in the data; those of parts (`fittedSerial`) are no machines. */
const OF_ONE = new Set(['serial', 'spareSerial']);
const OF_MANY = 'serials';
/** Deeper is nothing that a room writes. */
const MAX_DEPTH = 12;
/** Longer ones are none that this system knows. */
const MAX_SERIAL_CHARACTERS = 200;

/** Serial numbers of machines anywhere in the data of an event, each once. */
export const serialsIn = (data: unknown): readonly string[] => {
  const found = new Set<string>();
  gather(data, found, 0);
  return [...found];
};

const gather = (value: unknown, found: Set<string>, depth: number): void => {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return;
  if (Array.isArray(value)) {
    for (const item of value) gather(item, found, depth + 1);
    return;
  }
  for (const [name, field] of Object.entries(value)) {
    if (OF_ONE.has(name)) note(field, found);
    else if (name === OF_MANY && Array.isArray(field)) for (const one of field) note(one, found);
    if (typeof field === 'object') gather(field, found, depth + 1);
  }
};

const note = (serial: unknown, found: Set<string>): void => {
  if (typeof serial !== 'string' || serial === '' || serial.includes('\0')) return;
  if (serial.length <= MAX_SERIAL_CHARACTERS) found.add(serial);
};
