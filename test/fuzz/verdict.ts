import type { Operation } from './document.js';
import type { HostileRequest } from './request.js';
import { isOddlyFramed, type NoAnswer, type WireAnswer } from './wire.js';

/** What an answer is judged by, beside itself. */
export interface Rules {
  /** Codes of `/problems`, with their statuses. */
  readonly codes: ReadonlyMap<string, number>;
  readonly answerWithinMs: number;
}

/** Of the transport and of what holds for every route, whether an operation tells of them or not. */
const ALWAYS_POSSIBLE = new Set([400, 401, 403, 404, 405, 406, 408, 413, 414, 415, 417, 429, 431]);

/** What is wrong with an answer; nothing where all is well. */
export const faultsOf = (
  operation: Operation,
  request: HostileRequest,
  answer: WireAnswer | NoAnswer,
  rules: Rules,
): readonly string[] => {
  if ('failure' in answer) return noAnswer(answer, request);
  const { status, waitedMs } = answer;
  const faults: string[] = [];
  // Readiness is told in a form of its own, and a machine that does much else may not be ready.
  const isHealth = operation.path.startsWith('/health/') && status === 503;
  if (waitedMs > rules.answerWithinMs) faults.push(`said nothing for ${Math.round(waitedMs)} ms`);
  if (status >= 500 && !isHealth) faults.push(`answered ${status}`);
  if (status < 500 && request.method === operation.method) {
    const told = operation.statuses.has(status) || (status >= 400 && ALWAYS_POSSIBLE.has(status));
    if (!told) faults.push(`answered ${status}, which its documentation does not tell of`);
  }
  if (status >= 400 && request.method !== 'HEAD' && !isHealth)
    faults.push(...problemFaults(answer, rules));
  return faults;
};

/** A message whose length is wrong leaves nothing to answer to: it may be waited for, or dropped. */
const noAnswer = ({ failure, waitedMs }: NoAnswer, request: HostileRequest): readonly string[] =>
  isOddlyFramed(request) ? [] : [`was not answered: ${failure} after ${Math.round(waitedMs)} ms`];

/** Codes of 503 that are of the moment and not of the request. */
const BUSY = ['server/store-unavailable', 'server/contention'];

/** Whether the machine was too slow, or others were quicker: the request may be sent again. */
export const isBusy = ({ status, body }: WireAnswer): boolean =>
  status === 503 && BUSY.some((code) => body.includes(`"code":"${code}"`));

interface WrittenProblem {
  readonly type?: string;
  readonly title?: string;
  readonly status?: number;
  readonly code?: string;
  readonly detail?: string;
  readonly correlationId?: string;
  readonly errors?: readonly Record<string, unknown>[];
}

const problemFaults = ({ status, headers, body }: WireAnswer, { codes }: Rules): string[] => {
  const type = headers.get('content-type') ?? 'nothing';
  if (!type.startsWith('application/problem+json')) return [`${status} is told as ${type}`];
  let problem: WrittenProblem;
  try {
    problem = JSON.parse(body.toString('utf8')) as WrittenProblem;
  } catch {
    return [`${status} is not JSON: ${body.toString('utf8', 0, 200)}`];
  }
  const faults: string[] = [];
  const { code = '', errors = [] } = problem;
  if (codes.get(code) !== status)
    faults.push(`code ${code} is not a known one of status ${status}`);
  if (problem.status !== status) faults.push(`status ${problem.status} inside of ${status}`);
  if (problem.type !== `/problems/${code}`) faults.push(`type ${problem.type} of code ${code}`);
  if (!problem.title || !problem.detail) faults.push(`code ${code} says nothing`);
  if (problem.correlationId === undefined) faults.push(`code ${code} has no correlation id`);
  if (code === 'request/invalid' && errors.length === 0)
    faults.push(`${code} names no field: ${problem.detail}`);
  for (const { pointer, line, message, code: rule } of errors) {
    const isPlace =
      pointer === undefined || (typeof pointer === 'string' && /^(\/|$)/.test(pointer));
    if (!isPlace) faults.push(`pointer ${JSON.stringify(pointer)}`);
    if (typeof rule !== 'string' || typeof message !== 'string')
      faults.push(`an error without words, line ${String(line)}`);
  }
  if (/(node_modules|\bat \w+ \(|SELECT |\.ts:\d|\.js:\d)/.test(body.toString('utf8'))) {
    faults.push(`tells of the inside: ${body.toString('utf8', 0, 300)}`);
  }
  return faults;
};
