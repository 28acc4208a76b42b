import type { RecordedEvent } from '@hostledger/eventsourcing';
import type { ValidateFunction } from 'ajv';

/** Of each type the first fault is told; further ones would be the same. */
export const schemaFaults = async (events: readonly RecordedEvent[]): Promise<string[]> => {
  const validatorOf = await (validators ??= load());
  const faults = new Map<string, string>();
  for (const { type, data } of events) {
    if (faults.has(type)) continue;
    const validate = validatorOf(type);
    if (!validate) faults.set(type, `${type} has no schema`);
    else if (!validate(data)) {
      const [error] = validate.errors ?? [];
      const where = `${error?.instancePath} ${error?.message} ${JSON.stringify(error?.params)}`;
      faults.set(type, `${type}${where} in ${JSON.stringify(data)}`);
    }
  }
  return [...faults.values()];
};

let validators: Promise<(type: string) => ValidateFunction | undefined> | undefined;

/**
 * The schemas that the API serves, but closed: a field that they do not tell of is a fault of theirs.
 * Loaded here, so that specs without histories do not pay for it.
 */
const load = async (): Promise<(type: string) => ValidateFunction | undefined> => {
  const { Ajv2020 } = await import('ajv/dist/2020.js');
  const { default: formats } = await import('ajv-formats');
  const { eventSchemas } = await import('@hostledger/feed');
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
  formats.default(ajv);
  ajv.addKeyword({ keyword: 'x-unit', schemaType: 'string' });
  const compiled = new Map<string, ValidateFunction>();
  return (type) => {
    const known = eventSchemas.get(type);
    let validate = compiled.get(type);
    if (known && !validate) {
      validate = ajv.compile(closed(known.schema) as object);
      compiled.set(type, validate);
    }
    return validate;
  };
};

const closed = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]) => [key, closed(value)] as const);
  const isObject = 'type' in schema && schema.type === 'object' && 'properties' in schema;
  return { ...Object.fromEntries(entries), ...(isObject && { additionalProperties: false }) };
};
