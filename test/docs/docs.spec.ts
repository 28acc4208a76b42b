import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { renderEvents, streamsOf, unexplained } from './events.js';
import { contradictions, problemsOf, renderProblems, unregistered, unused } from './problems.js';
import { SCHEMAS } from './documents.js';
import { readProgram, type Sources } from './program.js';
import { renderSchemas, schemasOf } from './schemas.js';

const ROOT = join(__dirname, '..', '..');
const STALE = 'is out of date: npm run docs, then commit it';

jest.setTimeout(120_000);

/** The document as it is kept, or what to do about it. */
const keptOr = (path: string, text: string): string =>
  readFileSync(join(ROOT, path), 'utf8') === text ? text : `${path} ${STALE}`;

describe('The generated documents', () => {
  let sources: Sources;

  beforeAll(() => {
    sources = readProgram(ROOT);
  });

  it('tell every event that the sources have', () => {
    const streams = streamsOf(sources);
    expect(streams.flatMap(({ events }) => events).length).toBeGreaterThan(30);
    expect(keptOr('docs/events.md', renderEvents(streams))).not.toContain(STALE);
  });

  it('give every event a schema', () => {
    const schemas = schemasOf(sources);
    const types = streamsOf(sources).flatMap(({ events }) => events.map(({ type }) => type));
    expect([...schemas.keys()]).toEqual(types);
    expect(keptOr(SCHEMAS, renderSchemas(schemas))).not.toContain(STALE);
  });

  it('tell every refusal that the sources have', () => {
    const problems = problemsOf(sources);
    expect(problems.refusals.length).toBeGreaterThan(60);
    expect(keptOr('docs/problems.md', renderProblems(problems))).not.toContain(STALE);
  });

  it('say of each event and each field what it means (a doc comment, or test/docs/fields.ts)', () => {
    const streams = streamsOf(sources);
    const silent = streams.flatMap(({ events }) => events.filter(({ sentence }) => !sentence));
    expect(silent).toEqual([]);
    expect(unexplained(streams)).toEqual([]);
  });

  it('know each code that a room refuses with: its registerProblems has it, with its status', () => {
    const problems = problemsOf(sources);
    expect(problems.unreadable).toEqual([]);
    expect(unregistered(problems)).toEqual([]);
    expect(contradictions(problems)).toEqual([]);
    expect(unused(problems)).toEqual([]);
    expect(problems.hidden).toEqual([]);
  });
});

describe('The reader of the sources', () => {
  const root = mkdtempSync(join(tmpdir(), 'docs-'));
  afterAll(() => rmSync(root, { recursive: true }));

  const read = (text: string): Sources => {
    const file = join(root, 'libs/lamps/src/lamp.ts');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(join(root, 'tsconfig.json'), '{ "compilerOptions": { "strict": true } }');
    writeFileSync(file, text);
    return readProgram(root);
  };

  it('reads fields through intersections, arrays and named shapes, with units and comments', () => {
    const [lamp] = streamsOf(
      read(`
        interface Aggregate<S, C, E> { category: string; events: object }
        /** A bulb. */
        interface Bulb { readonly lumens: number; powerWatts: number }
        type LampLit = {
          type: 'LampLit';
          data: {
            /** Which one. */
            lampId: string; litAt?: string; bulbs: readonly Bulb[] } & { by: { name: string } };
        };
        const lampEvents = { LampLit: 'Light ' + 'came.' };
        /** A lamp. */
        export const lampAggregate: Aggregate<null, null, LampLit> = { category: 'lamp', events: lampEvents };
      `),
    );
    expect(lamp).toMatchObject({ room: 'lamps', category: 'lamp', comment: 'A lamp.' });
    expect(lamp?.events[0]).toMatchObject({ type: 'LampLit', sentence: 'Light came.' });
    const fields = lamp?.events[0]?.fields.map(({ name, type, unit, optional }) =>
      [name, type, unit, optional].join(' '),
    );
    expect(fields).toEqual([
      'lampId string  false',
      'litAt string instant (UTC) true',
      'bulbs Bulb[]  false',
      'by object  false',
      'by.name string  false',
    ]);
    expect(lamp?.events[0]?.fields[0]?.meaning).toBe('Which one.');
    expect(lamp?.shapes).toMatchObject([
      { name: 'Bulb', comment: 'A bulb.', fields: [{ name: 'lumens' }, { unit: 'W' }] },
    ]);
    const silent = unexplained([lamp!]).map((place) => place.split(' ')[1]);
    expect(silent.sort()).toEqual(['bulbs', 'by', 'litAt', 'lumens']);
  });

  it('turns types into schemas: what must be there, what may, units, choices and named shapes', () => {
    const [lamp] = schemasOf(
      read(`
        interface Aggregate<S, C, E> { category: string; events: object }
        /** A bulb. */
        interface Bulb { powerWatts: number; readonly spare?: Bulb }
        type Json = string | number | readonly Json[] | { readonly [key: string]: Json };
        type LampLit = { type: 'LampLit'; data: {
          lampId: string;
          litOn: string;
          color?: 'red' | 'amber';
          until: string | null;
          dimmed: boolean;
          bulbs: readonly Bulb[];
          note: Json;
          counts: Readonly<Record<string, number>>;
          spot: { kind: 'wall' } | { kind: 'table'; stem: number };
        } };
        const lampEvents = { LampLit: 'Light came.' };
        export const lampAggregate: Aggregate<null, null, LampLit> = { category: 'lamp', events: lampEvents };
      `),
    ).values();
    expect(lamp).toMatchObject({ room: 'lamps', category: 'lamp' });
    expect(lamp?.schema).toEqual({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: '/v1/schemas/LampLit',
      title: 'LampLit',
      description: 'Light came.',
      type: 'object',
      properties: {
        bulbs: { type: 'array', items: { $ref: '#/$defs/Bulb' } },
        color: { type: 'string', enum: ['amber', 'red'] },
        counts: { type: 'object', additionalProperties: { type: 'number' } },
        dimmed: { type: 'boolean' },
        lampId: { type: 'string' },
        litOn: { type: 'string', format: 'date' },
        note: expect.objectContaining({}) as object,
        spot: {
          anyOf: [
            {
              type: 'object',
              properties: {
                kind: { const: 'table', description: 'Which kind.' },
                stem: { type: 'number' },
              },
              required: ['kind', 'stem'],
            },
            {
              type: 'object',
              properties: { kind: { const: 'wall', description: 'Which kind.' } },
              required: ['kind'],
            },
          ],
        },
        until: { anyOf: [{ type: 'null' }, { type: 'string' }] },
      },
      required: ['bulbs', 'counts', 'dimmed', 'lampId', 'litOn', 'note', 'spot', 'until'],
      $defs: {
        Bulb: {
          description: 'A bulb.',
          type: 'object',
          properties: {
            powerWatts: { type: 'integer', 'x-unit': 'W', description: 'Power at the plug.' },
            spare: { $ref: '#/$defs/Bulb' },
          },
          required: ['powerWatts'],
        },
      },
    });
  });

  it('finds the codes that helpers are called with, and those nobody registered', () => {
    const problems = problemsOf(
      read(`
        class DomainError { constructor(...all: unknown[]) {} }
        const registerProblems = (all: object) => {};
        registerProblems({
          'lamp/broken': { status: 409, title: 'The lamp is broken' },
          'lamp/unknown': { status: 409, title: 'There is no such lamp' },
          'lamp/old': { status: 409, title: 'Nobody says so' },
        });
        const refused = (code: string, message: string, pointer?: string) =>
          new DomainError('conflict', code, message, {}, pointer);
        export const broken = (lampId: string) => refused('lamp/broken', \`Lamp \${lampId} is broken\`, '/lampId');
        export const dim = () => refused('lamp/dim', 'Too dim');
        export const unknown = () => new DomainError('notFound', 'lamp/unknown', 'No lamp');
        export const line = { column: 'socket', code: 'lamp/line', message: 'Not here' };
      `),
    );
    expect(problems.refusals).toMatchObject([
      { code: 'lamp/broken', status: 409, detail: 'Lamp {lampId} is broken', pointer: '/lampId' },
      { code: 'lamp/dim', detail: 'Too dim' },
      { code: 'lamp/unknown', status: 404 },
      { code: 'lamp/line', ofLine: true, pointer: 'column socket' },
    ]);
    expect(unregistered(problems)).toEqual([expect.stringMatching(/lamp\.ts:\d+ lamp\/dim$/)]);
    expect(unused(problems)).toEqual(['lamp/old']);
    expect(contradictions(problems)).toEqual([expect.stringContaining('404, registered 409')]);
  });
});
