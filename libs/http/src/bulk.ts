import { createHash } from 'node:crypto';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { Transform, type Readable } from 'node:stream';
import { applyDecorators, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiConsumes, ApiQuery } from '@nestjs/swagger';
import { parse, CsvError } from 'csv-parse';
import { z } from 'zod';
import type { CommandContext } from '@hostledger/eventsourcing';
import { contextOf, requestHashOf } from './act-context.js';
import type { AuthenticatedRequest } from './auth.js';
import { ProblemError, type FieldError } from './problem.js';

export const BULK_BODY_LIMIT_BYTES = 64 * 1024 * 1024;
const MAX_LINES = 100_000;
/** Errors named in a problem; the total is given beside them. */
const MAX_ERRORS_NAMED = 1_000;
/** Lines checked before other requests get their turn. */
const LINES_AT_ONCE = 1_000;

/** A line of an upload that has the right form. */
export interface UploadLine<T> {
  /** As the uploader counts: the line of the file, or the index in the JSON array from 1. */
  readonly line: number;
  readonly value: T;
}

export interface UploadRejection {
  readonly line: number;
  readonly column?: string;
  readonly code: string;
  readonly message: string;
}

export interface BulkUpload<T> {
  readonly lines: readonly UploadLine<T>[];
  /** Refused for their form; at most one entry a fault, in the order of the lines. */
  readonly rejected: readonly UploadRejection[];
  /** SHA-256 (hex) of the body as it was sent. */
  readonly digest: string;
  /** Context of the command; its request hash covers the body by the digest. */
  readonly context: CommandContext;
}

/** Set for bulk routes by the JSON body parser. */
export interface DigestedRequest extends AuthenticatedRequest {
  bodyDigest?: string;
}

/** Whether a route was marked by {@link BulkRoute}, from Fastify's route config. */
export const isBulkRoute = (config: unknown): boolean =>
  (config as { bulk?: boolean } | undefined)?.bulk === true;

/**
 * Marks a route that takes an upload of lines: JSON `{ "lines": [...] }` or CSV with a header row,
 * up to 64 MiB. `?mode=all-or-nothing` refuses the whole upload when one line is invalid;
 * otherwise (`per-line`) only the invalid lines are refused.
 */
export const BulkRoute = (line: z.ZodType): MethodDecorator => {
  const schema = z.toJSONSchema(line, { io: 'input', unrepresentable: 'any' }) as object;
  const columns = line instanceof z.ZodObject ? Object.keys(line.shape) : [];
  return applyDecorators(
    RouteConfig({ bulk: true }),
    ApiConsumes('application/json', 'text/csv'),
    ApiQuery({ name: 'mode', required: false, enum: ['per-line', 'all-or-nothing'] }),
    ApiBody({
      required: true,
      description: `JSON, or CSV with the columns ${columns.join(', ')}`,
      schema: {
        type: 'object',
        required: ['lines'],
        properties: { lines: { type: 'array', items: schema, maxItems: MAX_LINES } },
      },
    }),
  );
};

/** The checked upload of a {@link BulkRoute}, as a parameter of the route. */
export const Upload = (line: z.ZodType): ParameterDecorator => uploadOf({ line });

/** Nest takes anything with a `transform` method for a pipe, schemas too, so they are wrapped. */
const uploadOf = createParamDecorator(({ line }: { line: z.ZodType }, context: ExecutionContext) =>
  readUpload(context.switchToHttp().getRequest<DigestedRequest>(), line),
);

const readUpload = async <T>(
  request: DigestedRequest,
  schema: z.ZodType<T>,
): Promise<BulkUpload<T>> => {
  const mode = modeOf(request);
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim();
  const { lines, rejected, digest } =
    type === 'text/csv'
      ? await readCsv(request.body as Readable, schema)
      : await readJson(request.body, request.bodyDigest ?? '', schema);
  if (mode === 'all-or-nothing' && rejected.length > 0) throw linesInvalid(rejected);
  const context = { ...contextOf(request), requestHash: requestHashOf(request, digest) };
  return { lines, rejected, digest, context };
};

const modeOf = (request: DigestedRequest): 'per-line' | 'all-or-nothing' => {
  const { mode } = request.query as { mode?: string };
  if (mode === undefined || mode === 'per-line') return 'per-line';
  if (mode === 'all-or-nothing') return mode;
  throw invalid('mode is per-line or all-or-nothing', { pointer: '/mode', code: 'enum' });
};

type Checked<T> = Omit<BulkUpload<T>, 'context'>;

const readJson = async <T>(
  body: unknown,
  digest: string,
  schema: z.ZodType<T>,
): Promise<Checked<T>> => {
  const raw = Array.isArray(body) ? body : (body as { lines?: unknown } | null)?.lines;
  if (!Array.isArray(raw)) {
    throw invalid('The body is { "lines": [...] }', { pointer: '/lines', code: 'required' });
  }
  if (raw.length === 0)
    throw invalid('The upload has no lines', { pointer: '/lines', code: 'empty' });
  if (raw.length > MAX_LINES) throw tooManyLines();
  const checker = new LineChecker(schema);
  for (const [index, value] of raw.entries()) {
    checker.check(index + 1, value);
    if (index % LINES_AT_ONCE === LINES_AT_ONCE - 1) await yieldToOthers();
  }
  return { ...checker, digest };
};

const readCsv = async <T>(body: Readable, schema: z.ZodType<T>): Promise<Checked<T>> => {
  const columns = schema instanceof z.ZodObject ? (schema.shape as Record<string, z.ZodType>) : {};
  const hash = createHash('sha256');
  let bytes = 0;
  const measured = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > BULK_BODY_LIMIT_BYTES) return done(tooLarge());
      hash.update(chunk);
      done(null, chunk);
    },
  });
  const parser = parse({
    bom: true,
    columns: (header: string[]) => checkHeader(header, columns),
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    trim: true,
    max_record_size: 64 * 1024,
  });
  body.on('error', (error) => measured.destroy(error));
  measured.on('error', (error) => parser.destroy(error));
  body.pipe(measured).pipe(parser);
  const checker = new LineChecker(schema);
  let count = 0;
  try {
    for await (const item of parser as AsyncIterable<CsvRecord>) {
      count += 1;
      if (count > MAX_LINES) throw tooManyLines();
      checkCsvLine(checker, item);
    }
  } catch (error) {
    body.unpipe(measured);
    body.resume();
    throw error instanceof CsvError ? csvProblem(error) : error;
  }
  if (count === 0) throw invalid('The file has no lines after its header', { code: 'empty' });
  return { ...checker, digest: hash.digest('hex') };
};

interface CsvRecord {
  readonly record: Record<string, string>;
  readonly info: {
    readonly lines: number;
    readonly columns: readonly { readonly name: string }[];
    readonly error?: { readonly record?: readonly string[] };
  };
}

const checkCsvLine = <T>(checker: LineChecker<T>, { record, info }: CsvRecord): void => {
  if (info.error) {
    const found = info.error.record?.length ?? 0;
    const message = `The line has ${found} fields, the header has ${info.columns.length}`;
    checker.rejected.push({ line: info.lines, code: 'line/ragged', message });
    return;
  }
  // An empty field is an absent one, as in JSON.
  const value: Record<string, string> = {};
  for (const [column, text] of Object.entries(record)) if (text !== '') value[column] = text;
  checker.check(info.lines, value);
};

const checkHeader = (header: string[], columns: Record<string, z.ZodType>): string[] => {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const column of header) {
    if (!Object.hasOwn(columns, column)) {
      errors.push({ line: 1, column, code: 'column/unknown', message: `Unknown column ${column}` });
    }
    if (seen.has(column)) {
      errors.push({ line: 1, column, code: 'column/duplicate', message: `${column} comes twice` });
    }
    seen.add(column);
  }
  for (const [column, schema] of Object.entries(columns)) {
    if (!seen.has(column) && !schema.safeParse(undefined).success) {
      errors.push({ line: 1, column, code: 'column/missing', message: `${column} is missing` });
    }
  }
  if (errors.length === 0) return header;
  const detail = `The header of the file is wrong; its columns are ${Object.keys(columns).join(', ')}`;
  throw new ProblemError(400, 'request/invalid', detail, { errors });
};

/** Sorts lines into those of the right form and those refused. */
class LineChecker<T> {
  readonly lines: UploadLine<T>[] = [];
  readonly rejected: UploadRejection[] = [];
  readonly #schema: z.ZodType<T>;

  constructor(schema: z.ZodType<T>) {
    this.#schema = schema;
  }

  check(line: number, raw: unknown): void {
    const result = this.#schema.safeParse(raw);
    if (result.success) {
      this.lines.push({ line, value: result.data });
      return;
    }
    const issue = innermost(result.error.issues[0]!);
    const column = issue.path.length > 0 ? issue.path.join('.') : undefined;
    this.rejected.push({
      line,
      ...(column === undefined ? {} : { column }),
      code: 'line/invalid',
      message: column === undefined ? issue.message : `${column}: ${issue.message}`,
    });
  }
}

/** A union only says that nothing fitted; the last of its alternatives, text, says what is expected. */
const innermost = (issue: z.core.$ZodIssue): z.core.$ZodIssue => {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors.at(-1)?.[0];
  return inner ? { ...innermost(inner), path: [...issue.path, ...inner.path] } : issue;
};

const linesInvalid = (rejected: readonly UploadRejection[]): ProblemError =>
  new ProblemError(
    422,
    'upload/lines-invalid',
    `${rejected.length} lines are invalid, so nothing was accepted (mode all-or-nothing)`,
    { errors: rejected.slice(0, MAX_ERRORS_NAMED), totalErrors: rejected.length },
  );

const invalid = (detail: string, error: Omit<FieldError, 'message'>): ProblemError =>
  new ProblemError(400, 'request/invalid', detail, { errors: [{ ...error, message: detail }] });

const csvProblem = (error: CsvError): ProblemError => {
  const { lines, column } = error as unknown as { lines?: number; column?: string | number };
  return new ProblemError(400, 'request/malformed', `The CSV cannot be read: ${error.message}`, {
    errors: [
      {
        ...(lines === undefined ? {} : { line: lines }),
        ...(column === undefined ? {} : { column: String(column) }),
        code: 'csv/malformed',
        message: error.message,
      },
    ],
  });
};

const tooManyLines = (): ProblemError =>
  new ProblemError(413, 'request/too-large', `An upload has at most ${MAX_LINES} lines; split it`);

export const tooLarge = (limitBytes = BULK_BODY_LIMIT_BYTES): ProblemError =>
  new ProblemError(413, 'request/too-large', `The body is larger than ${limitBytes} bytes`);
