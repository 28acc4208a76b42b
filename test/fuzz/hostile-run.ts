import { setTimeout as sleep } from 'node:timers/promises';
import { BaseRequests } from './base-request.js';
import type { ApiDocument, Operation } from './document.js';
import { GoodValues } from './good-values.js';
import type { KnownValues } from './known-values.js';
import { Mutations } from './mutations.js';
import { Chance } from './random.js';
import { asCurl, type HostileRequest } from './request.js';
import { faultsOf, isBusy, type Rules } from './verdict.js';
import { WireClient, type NoAnswer, type WireAnswer } from './wire.js';

export interface RunOptions {
  readonly document: ApiDocument;
  readonly known: KnownValues;
  readonly rules: Rules;
  readonly port: number;
  readonly token: string;
  readonly seed: number;
}

/** Something that must not be, and how to bring it about again. */
export interface Finding {
  readonly fault: string;
  readonly operation: string;
  readonly example: string;
  readonly count: number;
}

interface Correlated {
  readonly example: string;
  readonly operation: string;
  readonly status: number;
}

const LANES = 4;
/** Of one lane; the others wait for their turn no longer. */
const GIVE_UP_AFTER_MS = 30_000;
/** As often is a request sent that finds the system busy, as its answer asks for. */
const ATTEMPTS = 3;

/** Sends hostile requests to every operation in turn, and keeps what was wrong with the answers. */
export class HostileRun {
  readonly #findings = new Map<string, Finding>();
  readonly #bases: BaseRequests;
  readonly #mutations: Mutations;
  /** Correlation ids of requests that were refused or only read, of which nothing may be in the log. */
  readonly unrecorded = new Map<string, Correlated>();
  /** Those of requests that were taken. */
  readonly recorded = new Set<string>();
  readonly statuses = new Map<number, number>();
  slowestMs = 0;
  /** Requests that were sent again, because a moment's load kept them from being answered. */
  repeated = 0;
  #sent = 0;

  constructor(private readonly options: RunOptions) {
    const { document, known, token } = options;
    this.#bases = new BaseRequests(document, new GoodValues(document, known), known, token);
    this.#mutations = new Mutations(this.#bases);
  }

  get sent(): number {
    return this.#sent;
  }

  get findings(): readonly Finding[] {
    return [...this.#findings.values()];
  }

  /** Always the same one for a seed and a number, as long as the same objects exist. */
  requestOf(number: number): { readonly operation: Operation; readonly request: HostileRequest } {
    const { document, seed } = this.options;
    const { operations } = document;
    // A seed begins elsewhere, so that a short run of it is of other operations too.
    const operation = operations[(number + seed) % operations.length]!;
    const chance = new Chance(seed, number);
    return { operation, request: this.#mutations.of(this.#bases.of(operation, chance), chance) };
  }

  /** Sends some more, until there are enough or the time is over. */
  async send(requests: number, untilMs = Infinity): Promise<void> {
    const end = this.#sent + requests;
    const lane = async (): Promise<void> => {
      const client = new WireClient(this.options.port, GIVE_UP_AFTER_MS);
      while (this.#sent < end && performance.now() < untilMs) {
        const number = this.#sent;
        this.#sent += 1;
        await this.sendOne(number, client);
      }
      client.close();
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  }

  async sendOne(number: number, client: WireClient): Promise<WireAnswer | NoAnswer> {
    const { operation, request } = this.requestOf(number);
    let answer = await client.send(request);
    for (
      let attempt = 1;
      attempt < ATTEMPTS && 'status' in answer && isBusy(answer);
      attempt += 1
    ) {
      this.repeated += 1;
      await sleep(1_000 * Number(answer.headers.get('retry-after') ?? 1));
      answer = await client.send(request);
    }
    const example = `request ${number} of seed ${this.options.seed}, ${asCurl(request)}`;
    for (const fault of faultsOf(operation, request, answer, this.options.rules)) {
      const body = 'body' in answer ? answer.body.toString('utf8', 0, 400) : '';
      this.note(fault, operation.id, `${example}\n    answered: ${body}`);
    }
    this.slowestMs = Math.max(this.slowestMs, answer.waitedMs);
    if ('status' in answer) this.#account(operation, request, answer, example);
    return answer;
  }

  note(fault: string, operation: string, example: string): void {
    const key = `${fault.replaceAll(/\d+/g, 'n').slice(0, 80)} ${operation}`;
    const before = this.#findings.get(key);
    this.#findings.set(
      key,
      before ? { ...before, count: before.count + 1 } : { fault, operation, example, count: 1 },
    );
  }

  #account(
    operation: Operation,
    request: HostileRequest,
    { status, headers }: WireAnswer,
    example: string,
  ): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    const id = headers.get('x-correlation-id');
    if (id === undefined) return;
    const isTaken = status < 300 && request.method !== 'GET';
    if (isTaken) this.recorded.add(id);
    else this.unrecorded.set(id, { operation: operation.id, status, example });
  }
}
