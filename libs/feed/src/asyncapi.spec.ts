import asyncApi from '@asyncapi/specs';
import { Ajv } from 'ajv';
import { asyncApiDocument } from './asyncapi.js';
import { eventTypes } from './schemas.js';

interface Node {
  readonly [key: string]: unknown;
}

const document = JSON.parse(JSON.stringify(asyncApiDocument())) as Node;

const referencesIn = (node: unknown): string[] => {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) =>
    key === '$ref' ? [value as string] : referencesIn(value),
  );
};

const at = (reference: string): unknown =>
  reference
    .slice('#/'.length)
    .split('/')
    .reduce<unknown>((node, key) => (node as Node | undefined)?.[key], document);

describe('the AsyncAPI document', () => {
  it('is valid by the schema of AsyncAPI 3.0', () => {
    const ajv = new Ajv({ strict: false, validateFormats: false });
    const validate = ajv.compile(asyncApi.schemasWithoutId['3.0.0']);
    validate(document);
    expect(validate.errors).toBeNull();
    const { info: _info, ...without } = document;
    expect(validate(without)).toBe(false);
  });

  it('refers to nothing that it does not have', () => {
    const references = [...new Set(referencesIn(document))];
    expect(references.length).toBeGreaterThan(eventTypes.length);
    expect(references.filter((reference) => at(reference) === undefined)).toEqual([]);
  });

  it('has a message for every type of event on the channel of the feed', () => {
    const { messages } = at('#/channels/events') as { messages: object };
    expect(Object.keys(messages)).toEqual(eventTypes);
  });
});
