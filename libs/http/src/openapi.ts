import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { ModulesContainer, Reflector } from '@nestjs/core';
import { allowedRoles, COMPANY_ROLES, routesOf, type CompanyRole } from './auth.js';
import { problemCatalogue } from './problem.js';
import { scopeRuleOf } from './scope.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

const header = (name: string, description: string, example: string) => ({
  name,
  in: 'header' as const,
  required: false,
  description,
  schema: { type: 'string' as const },
  example,
});

const COMMAND_HEADERS = [
  header(
    'Idempotency-Key',
    'Makes a repetition have the first outcome; 1 to 255 visible ASCII characters',
    'erp-2024-000117',
  ),
  header('If-Match', 'Act only on this revision, as an ETag named it', '"12"'),
  header('X-Reason', 'Why; kept with the events', 'Post-halving consolidation'),
];

const QUERY_HEADERS = [
  header('Min-Log-Position', 'Answer from a state not older than this position', '1048576'),
];

const CORRELATION = header('X-Correlation-Id', 'Carried through logs and events', 'order-4711');

/** What operations have in common stands once in the document, and they refer to it. */
const COMMON_HEADERS = Object.fromEntries(
  [...COMMAND_HEADERS, ...QUERY_HEADERS, CORRELATION].map((parameter) => [
    parameter.name,
    parameter,
  ]),
);
const headerRefs = (reads: boolean): { $ref: string }[] =>
  [...(reads ? QUERY_HEADERS : COMMAND_HEADERS), CORRELATION].map(({ name }) => ({
    $ref: `#/components/parameters/${name}`,
  }));

const COMMAND_PROBLEMS = [400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 503];
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
    .addBearerAuth({
      ...{ type: 'http', scheme: 'bearer' },
      description:
        'An access token: one issued here (`hl_…`), or where an OIDC issuer is configured one of its ' +
        'access tokens (RFC 9068)',
    })
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: operationId,
  });
  document.components = { ...document.components };
  sortEnums(document.components.schemas);
  document.components.schemas = { ...document.components.schemas, Problem: problemSchema() };
  document.components.parameters = COMMON_HEADERS;
  document.components.responses = Object.fromEntries(
    COMMAND_PROBLEMS.map((status) => [`Problem${status}`, problemResponse(status)]),
  );
  const callersOf = callersByOperation(app);
  for (const item of Object.values(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method];
      if (!operation) continue;
      const callers = callersOf.get(operation.operationId) ?? { roles: undefined };
      complete(operation, method === 'get', callers);
    }
  }
  return document;
};

/** The compiler lists the members of a union in an order that changes from build to build. */
const sortEnums = (node: unknown): void => {
  if (typeof node !== 'object' || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    if (key === 'enum' && Array.isArray(value)) value.sort();
    else sortEnums(value);
  }
};

const operationId = (controller: string, method: string): string =>
  `${controller.replace(/Controller$/, '')}_${method}`;

interface Callers {
  readonly roles: readonly CompanyRole[] | 'public' | undefined;
  /** By which rule it is open to those who are limited to customers. */
  readonly own?: ReturnType<typeof scopeRuleOf>;
}

/** Who may call each operation, by its id. */
const callersByOperation = (
  app: NestFastifyApplication,
): ReadonlyMap<string | undefined, Callers> => {
  const reflector = app.get(Reflector);
  return new Map(
    routesOf(app.get(ModulesContainer)).map(({ controller, name, handler }) => [
      operationId(controller.name, name),
      {
        roles: allowedRoles(reflector, [handler, controller]),
        own: scopeRuleOf(reflector, handler),
      },
    ]),
  );
};

const OWN = {
  object: 'Customers: of what is their own; another’s is as unknown as what does not exist.',
  rows: 'Customers: what is their own, and nothing else.',
} as const;

const ownText = ({ kind, without }: NonNullable<Callers['own']>): string =>
  without.length === 0 ? OWN[kind] : `${OWN[kind]} They are not told: ${without.join(', ')}.`;

const complete = (operation: Operation, reads: boolean, { roles, own }: Callers): void => {
  if (roles === 'public' || roles === undefined) return;
  operation.security = [{ bearer: [] }];
  const who = roles.length === COMPANY_ROLES.length ? 'any' : roles.join(', ');
  const told = [operation.description, `Roles: ${who}.`, own && ownText(own)];
  operation.description = told.filter(Boolean).join('\n\n');
  operation.parameters = [...(operation.parameters ?? []), ...headerRefs(reads)];
  describeFile(operation);
  const replyHeaders = {
    'Log-Position': textHeader('Position in the log'),
    ...(reads ? {} : { ETag: textHeader('Revision of the stream') }),
  };
  for (const [status, response] of Object.entries(operation.responses)) {
    if (status.startsWith('2') && response && !('$ref' in response)) {
      response.headers = { ...replyHeaders, ...response.headers };
    }
  }
  for (const status of reads ? QUERY_PROBLEMS : COMMAND_PROBLEMS) {
    operation.responses[status] ??= { $ref: `#/components/responses/Problem${status}` };
  }
};

/** An upload's CSV is text with the fields of a line as columns. */
const describeFile = ({ requestBody }: Operation): void => {
  if (!requestBody || '$ref' in requestBody || !('text/csv' in requestBody.content)) return;
  const json = requestBody.content['application/json']?.schema;
  const items = json && 'properties' in json ? json.properties?.['lines'] : undefined;
  const line = items && 'items' in items ? items.items : undefined;
  const columns = line && 'properties' in line ? (line.properties ?? {}) : {};
  const example = Object.values(columns).map((column) =>
    'example' in column ? String(column.example) : '',
  );
  requestBody.content['text/csv'] = {
    schema: { type: 'string', description: 'UTF-8, with a header row' },
    example: `${Object.keys(columns).join(',')}\n${example.join(',')}\n`,
  };
};

const textHeader = (description: string) => ({ description, schema: { type: 'string' as const } });

/** Headers that come with a problem of a status. */
const PROBLEM_HEADERS: Readonly<Record<number, Record<string, ReturnType<typeof textHeader>>>> = {
  401: { 'WWW-Authenticate': textHeader('Bearer, with the error where a token was sent') },
  429: { 'Retry-After': textHeader('Seconds') },
  503: { 'Retry-After': textHeader('Seconds') },
};

const problemResponse = (status: number) => {
  const codes = [...problemCatalogue()].filter(([, entry]) => entry.status === status);
  const [code, entry] = codes.find(([name]) => name.startsWith('request/')) ?? codes[0] ?? [];
  return {
    description: `Problem: ${entry?.title ?? status}, or another rule of this status`,
    ...(PROBLEM_HEADERS[status] && { headers: PROBLEM_HEADERS[status] }),
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
