import { createHash } from 'node:crypto';
import { setImmediate as othersTurn } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { applyDecorators, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiConsumes, ApiQuery } from '@nestjs/swagger';
import { z } from 'zod';
import type { CommandContext } from '@hostledger/eventsourcing';
import { contextOf } from './act-context.js';
import type { AuthenticatedRequest } from './auth.js';
import { CsvFault, CsvReader, type CsvRecord } from './csv.js';
import { keptLine, keptRaggedLine, type KeptLine } from './kept-line.js';
import { ProblemError, type FieldError } from './problem.js';

export const BULK_BODY_LIMIT_BYTES = 64 * 1024 * 1024;
const MAX_LINES = 100_000;
/** Errors named in a problem; the total is given beside them. */
const MAX_ERRORS_NAMED = 1_000;
/** Time spent on an upload before other requests get their turn. */
const TURN_MS = 5;
/** Bytes of a file, or lines of a JSON array, between two looks at the clock. */
const BYTES_AT_ONCE = 64 * 1024;
const LINES_AT_ONCE = 100;

/** Columns of a file of refused lines; an upload of that file leaves them out. */
export const REJECTED_COLUMNS = [
  'rejectedLine',
  'rejectedCode',
  'rejectedMessage',
  'rejectedOthers',
] as const;

const isRejectedColumn = (column: string): boolean =>
  (REJECTED_COLUMNS as readonly string[]).includes(column);

/** A line of an upload that has the right form. */
export interface UploadLine<T> {
  /** As the uploader counts: the line of the file, or the index in the JSON array from 1. */
  readonly line: number;
  readonly value: T;
}

export interface UploadRejection extends KeptLine {
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
  const { $schema, ...schema } = z.toJSONSchema(line, { io: 'input', unrepresentable: 'any' });
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
        properties: { lines: { type: 'array', items: schema as object, maxItems: MAX_LINES } },
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
  const isFile = typeof (request.body as { pipe?: unknown } | null)?.pipe === 'function';
  const { lines, rejected, digest } = isFile
    ? await readCsv(request.body as Readable, schema)
    : await readJson(request.body, request.bodyDigest ?? '', schema);
  if (mode === 'all-or-nothing' && rejected.length > 0) throw linesInvalid(rejected, !isFile);
  return { lines, rejected, digest, context: contextOf(request, digest) };
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
  const checker = new LineChecker(schema);
  const pace = new Pace();
  for (const [index, value] of linesOf(body).entries()) {
    checker.check(index + 1, value);
    if (index % LINES_AT_ONCE === 0) await pace.rest();
  }
  return { ...checker, digest };
};

const linesOf = (body: unknown): readonly unknown[] => {
  const { lines, ...others } = (Array.isArray(body) ? { lines: body } : (body ?? {})) as Partial<
    Record<string, unknown>
  >;
  if (!Array.isArray(lines)) {
    throw invalid('The body is { "lines": [...] }', { pointer: '/lines', code: 'required' });
  }
  for (const field of Object.keys(others)) {
    throw invalid(`property ${field} should not exist`, {
      pointer: `/${field}`,
      code: 'unknownField',
    });
  }
  if (lines.length === 0) {
    throw invalid('The upload has no lines', { pointer: '/lines', code: 'empty' });
  }
  if (lines.length > MAX_LINES) throw tooManyLines();
  return lines;
};

const readCsv = async <T>(body: Readable, schema: z.ZodType<T>): Promise<Checked<T>> => {
  const hash = createHash('sha256');
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const reader = new CsvReader();
  const table = new CsvTable(schema);
  const pace = new Pace();
  let bytes = 0;
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > BULK_BODY_LIMIT_BYTES) throw tooLarge();
      hash.update(chunk);
      for (let at = 0; at < chunk.length; at += BYTES_AT_ONCE) {
        const piece = decodeText(decoder, chunk.subarray(at, at + BYTES_AT_ONCE), reader);
        for (const record of reader.read(piece)) table.take(record);
        await pace.rest();
      }
    }
    for (const record of reader.read(decodeText(decoder, undefined, reader), true)) {
      table.take(record);
    }
  } catch (error) {
    // The rest is read and dropped, so that the sender gets to see the answer.
    body.resume();
    if (error instanceof CsvFault) throw csvProblem(error, table.header);
    throw isCutOff(error) ? cutOff() : error;
  }
  return { ...table.finished(), digest: hash.digest('hex') };
};

/** Windows' own encodings are refused: what cannot be read must not be stored as question marks. */
const decodeText = (
  decoder: TextDecoder,
  bytes: Buffer | undefined,
  { line }: CsvReader,
): string => {
  try {
    return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode();
  } catch {
    const readable = bytes?.toString('utf8').split('\uFFFD', 1)[0] ?? '';
    throw new CsvFault(line + readable.split('\n').length - 1, 'Not UTF-8; save the file as such');
  }
};

/** The lines of a file under its header. */
class CsvTable<T> {
  header: readonly string[] | undefined;
  readonly #checker: LineChecker<T>;
  readonly #columns: Readonly<Record<string, z.ZodType>>;
  #count = 0;

  constructor(schema: z.ZodType<T>) {
    this.#checker = new LineChecker(schema);
    this.#columns = schema instanceof z.ZodObject ? schema.shape : {};
  }

  take({ line, fields }: CsvRecord): void {
    if (!this.header) {
      this.header = checkHeader(fields, this.#columns);
      return;
    }
    this.#count += 1;
    if (this.#count > MAX_LINES) throw tooManyLines();
    if (fields.length !== this.header.length) {
      const message = `The line has ${fields.length} fields, the header has ${this.header.length}`;
      const kept = keptRaggedLine(this.header, fields, (column) => !isRejectedColumn(column));
      this.#checker.rejected.push({ line, code: 'line/ragged', message, ...kept });
      return;
    }
    // An empty field is an absent one, as in JSON.
    const value: Record<string, string> = {};
    for (const [index, column] of this.header.entries()) {
      const text = fields[index]!;
      if (text !== '' && !isRejectedColumn(column)) value[column] = text;
    }
    this.#checker.check(line, value);
  }

  finished(): LineChecker<T> {
    if (!this.header) throw invalid('The file is empty', { code: 'empty' });
    if (this.#count === 0)
      throw invalid('The file has no lines after its header', { code: 'empty' });
    return this.#checker;
  }
}

const checkHeader = (
  header: readonly string[],
  columns: Readonly<Record<string, z.ZodType>>,
): readonly string[] => {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const column of header) {
    if (!Object.hasOwn(columns, column) && !isRejectedColumn(column)) {
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
  readonly #columns: ReadonlySet<string>;

  constructor(schema: z.ZodType<T>) {
    this.#schema = schema;
    this.#columns = new Set(schema instanceof z.ZodObject ? Object.keys(schema.shape) : []);
  }

  check(line: number, raw: unknown): void {
    const result = this.#schema.safeParse(raw);
    if (result.success) {
      this.lines.push({ line, value: result.data });
      return;
    }
    const issue = innermost(result.error.issues[0]!);
    const path = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : issue.path;
    const column = path.length > 0 ? path.join('.') : undefined;
    this.rejected.push({
      line,
      ...(column === undefined ? {} : { column }),
      code: 'line/invalid',
      message: column === undefined ? issue.message : `${column}: ${issue.message}`,
      ...keptLine(raw, this.#columns),
    });
  }
}

/** A union only says that nothing fitted; the last of its alternatives, text, says what is expected. */
const innermost = (issue: z.core.$ZodIssue): z.core.$ZodIssue => {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors.at(-1)?.[0];
  return inner ? { ...innermost(inner), path: [...issue.path, ...inner.path] } : issue;
};

type LineFault = Omit<UploadRejection, keyof KeptLine>;

/** What is wrong with a line, without the line. */
export const faultOf = ({ fields: _, others: __, ...fault }: UploadRejection): LineFault => fault;

const linesInvalid = (rejected: readonly UploadRejection[], isJson: boolean): ProblemError => {
  const named = rejected.slice(0, MAX_ERRORS_NAMED).map(faultOf);
  const pointerOf = ({ line, column }: LineFault): string =>
    `/lines/${line - 1}${column === undefined ? '' : `/${column.replaceAll('.', '/')}`}`;
  return new ProblemError(
    422,
    'upload/lines-invalid',
    `${rejected.length} lines are invalid, so nothing was accepted (mode all-or-nothing)`,
    {
      errors: isJson ? named.map((fault) => ({ pointer: pointerOf(fault), ...fault })) : named,
      totalErrors: rejected.length,
    },
  );
};

const invalid = (detail: string, error: Omit<FieldError, 'message'>): ProblemError =>
  new ProblemError(400, 'request/invalid', detail, { errors: [{ ...error, message: detail }] });

const csvProblem = (
  { line, field, message }: CsvFault,
  header: readonly string[] | undefined,
): ProblemError => {
  const column = field === undefined ? undefined : header?.[field];
  const place = `line ${line}${column === undefined ? '' : `, column ${column}`}`;
  return new ProblemError(
    400,
    'request/malformed',
    `The CSV cannot be read: ${place}: ${message}`,
    {
      errors: [
        { line, ...(column === undefined ? {} : { column }), code: 'csv/malformed', message },
      ],
    },
  );
};

/** The sender went away: Node's word for a body that ends before its announced end. */
const isCutOff = (error: unknown): boolean =>
  (error as { code?: unknown } | null)?.code === 'ECONNRESET';

const cutOff = (): ProblemError =>
  new ProblemError(400, 'request/malformed', 'The upload ended before its end; nothing was kept');

const tooManyLines = (): ProblemError =>
  new ProblemError(413, 'request/too-large', `An upload has at most ${MAX_LINES} lines; split it`);

export const tooLarge = (limitBytes = BULK_BODY_LIMIT_BYTES): ProblemError =>
  new ProblemError(413, 'request/too-large', `The body is larger than ${limitBytes} bytes`);

/** Lets other requests have their turn while a long upload is checked. */
class Pace {
  #since = performance.now();

  async rest(): Promise<void> {
    if (performance.now() - this.#since < TURN_MS) return;
    await othersTurn();
    this.#since = performance.now();
  }
}
