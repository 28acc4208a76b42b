import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { problemCatalogue } from './problem.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Parameter = NonNullable<Operation['parameters']>[number];

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

const header = (name: string, description: string, example: string): Parameter => ({
  name,
  in: 'header',
  required: false,
  description,
  schema: { type: 'string' },
  example,
});

const COMMAND_HEADERS: readonly Parameter[] = [
  header(
    'Idempotency-Key',
    'Makes a repetition have the first outcome; 1 to 255 visible ASCII characters',
    'erp-2024-000117',
  ),
  header('If-Match', 'Act only on this revision, as an ETag named it', '"12"'),
  header('X-Reason', 'Why; kept with the events', 'Post-halving consolidation'),
];

const QUERY_HEADERS: readonly Parameter[] = [
  header('Min-Log-Position', 'Answer from a state not older than this position', '1048576'),
];

const CORRELATION = header('X-Correlation-Id', 'Carried through logs and events', 'order-4711');

const COMMAND_PROBLEMS = [400, 401, 403, 404, 409, 412, 413, 422, 429, 503];
const QUERY_PROBLEMS = [400, 401, 403, 404, 429, 503];

/** The OpenAPI 3.1 document: what the routes declare, and what holds for all of them. */
export const openApiDocument = (app: NestFastifyApplication): OpenAPIObject => {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Hostledger')
    .setDescription(
      'The system of record of a company that hosts bitcoin miners. Replies to commands carry ' +
        '`ETag` (the revision of the stream) and `Log-Position`; send that position as ' +
        '`Min-Log-Position` to read your own writes. Errors are RFC 9457 problems; `/problems` ' +
        'lists every code.',
    )
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An access token' })
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (controller, method) =>
      `${controller.replace(/Controller$/, '')}_${method}`,
  });
  document.components = { ...document.components };
  document.components.schemas = { ...document.components.schemas, Problem: problemSchema() };
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method];
      if (operation) complete(operation, method === 'get', !isOpen(path));
    }
  }
  return document;
};

const isOpen = (path: string): boolean =>
  path.startsWith('/health/') || path.startsWith('/problems');

const complete = (operation: Operation, reads: boolean, secured: boolean): void => {
  if (!secured) return;
  operation.security = [{ bearer: [] }];
  const common = reads ? QUERY_HEADERS : COMMAND_HEADERS;
  operation.parameters = [...(operation.parameters ?? []), ...common, CORRELATION];
  const replyHeaders = {
    'Log-Position': { description: 'Position in the log', schema: { type: 'string' as const } },
    ...(reads
      ? {}
      : { ETag: { description: 'Revision of the stream', schema: { type: 'string' as const } } }),
  };
  for (const [status, response] of Object.entries(operation.responses)) {
    if (status.startsWith('2') && response && !('$ref' in response)) {
      response.headers = { ...replyHeaders, ...response.headers };
    }
  }
  for (const status of reads ? QUERY_PROBLEMS : COMMAND_PROBLEMS) {
    operation.responses[status] ??= problemResponse(status);
  }
};

const problemResponse = (status: number) => {
  const codes = [...problemCatalogue()].filter(([, entry]) => entry.status === status);
  const [code, entry] = codes.find(([name]) => name.startsWith('request/')) ?? codes[0] ?? [];
  return {
    description: `Problem: ${entry?.title ?? status}, or another rule of this status`,
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        ...(code && entry
          ? {
              example: {
                type: `/problems/${code}`,
                title: entry.title,
                status,
                code,
                detail: entry.title,
              },
            }
          : {}),
      },
    },
  };
};

const problemSchema = () => ({
  type: 'object' as const,
  description: 'RFC 9457 problem details',
  required: ['type', 'title', 'status', 'code', 'detail'],
  properties: {
    type: { type: 'string' as const },
    title: { type: 'string' as const },
    status: { type: 'integer' as const },
    code: { type: 'string' as const, enum: [...problemCatalogue().keys()].sort() },
    detail: { type: 'string' as const },
    correlationId: { type: 'string' as const },
    errors: {
      type: 'array' as const,
      items: {
        type: 'object' as const,
        required: ['code', 'message'],
        properties: {
          pointer: { type: 'string' as const, description: 'JSON pointer to the field' },
          line: { type: 'integer' as const },
          column: { type: 'string' as const },
          code: { type: 'string' as const },
          message: { type: 'string' as const },
        },
      },
    },
  },
});

/** Serves the document at `/openapi.json` and Swagger UI at `/docs`. */
export const serveOpenApi = (app: NestFastifyApplication): void => {
  const document = openApiDocument(app);
  SwaggerModule.setup('docs', app, () => document, { jsonDocumentUrl: 'openapi.json' });
};
