import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { problemsOf } from './docs/problems.js';
import { readProgram } from './docs/program.js';

// The document is made from the built output: the Swagger plugin runs in the build only.
type Built = {
  createApi: typeof import('../apps/api/src/api.js').createApi;
  openApiDocument: typeof import('@hostledger/http').openApiDocument;
  problemCatalogue: typeof import('@hostledger/http').problemCatalogue;
  Metrics: typeof import('@hostledger/http').Metrics;
  loadConfig: typeof import('@hostledger/config').loadConfig;
};

const ROOT = join(__dirname, '..');
const SNAPSHOT = join(__dirname, 'openapi.snapshot.json');

const built = (): Built => {
  const from = (path: string): object => jest.requireActual(join(ROOT, 'dist', path));
  return {
    ...from('apps/api/src/api.js'),
    ...from('libs/http/src/index.js'),
    ...from('libs/config/src/index.js'),
  } as Built;
};

interface Operation {
  readonly summary?: string;
  readonly security?: object[];
  readonly responses: Record<string, { content?: Record<string, { schema?: object }> }>;
  readonly requestBody?: object;
}

let app: NestFastifyApplication;
let document: { paths: Record<string, Record<string, Operation>> };
let catalogue: ReadonlyMap<string, unknown>;

beforeAll(async () => {
  const { createApi, openApiDocument, problemCatalogue, Metrics, loadConfig } = built();
  const parts = { eventStore: {}, aggregateStore: {}, database: {} };
  const system = {
    ...parts,
    config: loadConfig({ LOG_LEVEL: 'silent' }),
    metrics: new Metrics(),
  } as never;
  app = await createApi(system, []);
  document = JSON.parse(JSON.stringify(openApiDocument(app))) as typeof document;
  catalogue = problemCatalogue();
});

afterAll(() => app.close());

const operations = (): [string, Operation][] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );

const named = (fails: (operation: Operation, name: string) => boolean): string[] =>
  operations()
    .filter(([name, operation]) => fails(operation, name))
    .map(([name]) => name);

describe('the OpenAPI document', () => {
  it('is the one kept in the repository, so that a change of the API shows in review', () => {
    const text = `${JSON.stringify(document, null, 2)}\n`;
    if (process.env['UPDATE_OPENAPI']) writeFileSync(SNAPSHOT, text);
    expect(text).toBe(readFileSync(SNAPSHOT, 'utf8'));
  });

  it('says of every operation what it does', () => {
    expect(named(({ summary }) => !summary)).toEqual([]);
  });

  it('asks for a token everywhere but at health and the problem catalogue', () => {
    expect(named(({ security }) => !security)).toEqual([
      'GET /health/live',
      'GET /health/ready',
      'GET /problems',
    ]);
  });

  it('describes what every operation answers', () => {
    const open = new Set([
      'GET /health/live',
      'GET /health/ready',
      'GET /problems',
      'GET /metrics',
    ]);
    const vague = named(({ responses }, name) => {
      const success = Object.entries(responses).find(([status]) => status.startsWith('2'));
      const answers = Object.values(success?.[1].content ?? {});
      return !open.has(name) && !answers.some(({ schema }) => schema);
    });
    expect(vague).toEqual([]);
  });

  it('describes the problems of every operation that needs a token', () => {
    expect(
      named(
        ({ security, responses }) =>
          !!security && !['401', '403', '503'].every((s) => responses[s]),
      ),
    ).toEqual([]);
  });
});

describe('the problem catalogue', () => {
  it('has every code that a rule refuses with', () => {
    const codes = problemsOf(readProgram(ROOT))
      .refusals.filter(({ ofLine }) => !ofLine)
      .map(({ code }) => code);
    expect(codes.length).toBeGreaterThan(20);
    expect([...new Set(codes)].filter((code) => !catalogue.has(code))).toEqual([]);
  });
});
