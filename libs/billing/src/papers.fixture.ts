import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { contractsProjections } from '@hostledger/contracts';
import { AggregateStore, deriveId, type DomainEvent } from '@hostledger/eventsourcing';
import type { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { EventSourcingModule } from '@hostledger/eventsourcing/nest';
import { InMemoryStreams, readModelsOf } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import type { AccountCommand, CreditNote, StatementEntry } from './domain/account-commands.js';
import { command } from './domain/account.fixture.js';
import { accountAggregate } from './domain/account.js';
import type { PeriodClosed } from './domain/period-events.js';
import type { Statement } from './domain/statement.js';
import { IssuerModule, paperSlices } from './papers.js';
import { periodProjections } from './periods.js';
import { statementsQuery } from './read/statements/query.js';

// Routes that only read, on a log that is told to them.

const projections = [...contractsProjections, ...periodProjections];

const slices = [statementsQuery, ...paperSlices];

@Module({
  controllers: slices.flatMap(({ controllers }) => [...controllers]),
  providers: slices.flatMap(({ providers }) => [...providers]),
})
class PapersModule {}

export interface PaperAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

export interface NumberedNote {
  readonly contractId: string;
  readonly number: string;
  readonly issuedOn: string;
  /** Of the line, where it is for one: what that charges. */
  readonly left?: string;
}

const DIGEST = 'd'.repeat(64);
const timeZone = 'America/Chicago';

export class PapersRoom {
  readonly streams = new InMemoryStreams();
  readonly store = new AggregateStore(this.streams);
  private app: NestFastifyApplication | undefined;
  private filled: Awaited<ReturnType<typeof readModelsOf>> | undefined;

  /** After what the log begins with. */
  async open(issuer: { readonly name: string; readonly address: readonly string[] }) {
    this.filled = await readModelsOf(projections, this.streams.log);
    const eventSourcing = EventSourcingModule.with({
      aggregateStore: this.store,
      eventStore: this.streams as unknown as EventStore,
      readModels: this.filled.readModels,
    });
    this.app = await servedRoutes({
      imports: [CqrsModule.forRoot(), eventSourcing, IssuerModule.with(issuer), PapersModule],
    });
  }

  catchUp(): Promise<void> {
    return this.filled!.catchUp(this.streams.log);
  }

  async close(): Promise<void> {
    await this.app?.close();
    await this.filled?.close();
  }

  async get(url: string, headers: Record<string, string> = {}): Promise<PaperAnswer> {
    const sent = { authorization: 'Bearer auditor', ...headers };
    const answer = await this.app!.inject({ method: 'GET', url: `/v1${url}`, headers: sent });
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: answer.rawPayload.toString('latin1'),
    };
  }

  async json<Body>(url: string): Promise<Body> {
    const { status, text } = await this.get(url);
    if (status !== 200) throw new Error(`${url}: ${status} ${text}`);
    return JSON.parse(Buffer.from(text, 'latin1').toString()) as Body;
  }

  /** Events as they would have been recorded, dated with an instant. */
  happened(stream: string, at: string, ...events: readonly DomainEvent[]): Promise<void> {
    return this.streams.happened(stream, at, ...events);
  }

  customer(customerId: string, legalName: string): Promise<void> {
    const at = '2024-01-01T12:00:00.000Z';
    const data = { customerId, name: legalName.split(' ')[0], legalName, country: 'US' };
    return this.happened(`customer-${customerId}`, at, { type: 'CustomerRegistered', data });
  }

  /** At 5 cents a kWh of rated power. */
  contract(contractId: string, customerId: string, inForceOn: string): Promise<void> {
    const of = { contractId };
    const named = { reference: `HA-${inForceOn}`, title: 'Hosting', timeZone, currency: 'USD' };
    const clauses = [{ ref: '4.1', title: 'Hosting fee', text: 'Energy at rated power.' }];
    const rateCard = {
      ...{ basis: 'nameplateKwh', currency: 'USD', ratePerKwh: '0.05', clauseRef: '4.1' },
    };
    const version = { version: 1, effectiveOn: inForceOn, documentDigest: DIGEST };
    const signed = { executedOn: inForceOn, documentDigest: DIGEST, signatories: [] };
    return this.happened(
      `hostingContract-${contractId}`,
      `${inForceOn}T18:00:00.000Z`,
      { type: 'ContractDrafted', data: { ...of, customerId, ...named } },
      { type: 'TermsAdopted', data: { ...of, ...version, clauses, rateCard } },
      { type: 'ContractExecuted', data: { ...of, ...signed } },
    );
  }

  /** What somebody does on the account of a contract, on a day. */
  async act(by: string, on: string, contractId: string, ...commands: readonly AccountCommand[]) {
    for (const command of commands) {
      const commandId = deriveId('act', this.streams.log.length);
      await this.store.handle(accountAggregate, contractId, command, {
        ...{ commandId, requestHash: commandId, correlationId: 'c', causationId: 'c' },
        ...{ actor: { subject: by, role: 'billing' }, at: `${on}T18:00:00.000Z` },
      });
    }
  }

  /** A statement is asked for, by terms that its month was closed with. */
  async entered(statement: Statement, terms: Partial<StatementEntry> = {}): Promise<void> {
    const { contractId, customerId, statementId, number, month, issuedOn, dueOn } = statement;
    const of = { contractId, customerId, timeZone, statementId, number, month, issuedOn };
    const due = dueOn === undefined ? {} : { dueOn };
    const entry = { ...of, ...due, kind: 'statement' as const, totals: statement.totals, ...terms };
    await this.act('system', issuedOn, contractId, command('EnterStatement', entry, issuedOn));
  }

  /** A credit note that somebody agreed on, under its number. */
  async credited(note: CreditNote & NumberedNote, by = 'ada'): Promise<void> {
    const { contractId, number, issuedOn, left, ...began } = note;
    const line = { currency: note.currency, left };
    const billed = { givenBack: '0.00', ...(note.line !== undefined && { line }) };
    const issue = { creditNoteId: note.creditNoteId, number };
    await this.act(
      ...([by, issuedOn, contractId] as const),
      command('BeginCreditNote', { ...began, billed }, issuedOn),
      command('IssueCreditNote', issue, issuedOn),
    );
  }

  /** A month that was closed with this statement, by terms that were in force. */
  closed(statement: Statement, terms: PeriodClosed['data']['terms'] = []): Promise<void> {
    const { contractId, customerId, month, statementId, lines, totals, issuedOn } = statement;
    const { position, inputsDigest, linesDigest, number, kind, dueOn } = statement;
    const of = { contractId, month, statementId };
    const close = { ...of, customerId, closeId: `close-${statementId}`, position, issuedOn };
    const pinned = { ...close, timeZone, currency: 'USD' };
    const counted = { lineCount: lines.length, totals };
    return this.happened(
      `billingPeriod-${contractId}.${month}`,
      `${issuedOn}T12:00:00.000Z`,
      { type: 'PeriodCloseBegan', data: { ...pinned, firstMonth: month, begunBy: 'bea' } },
      {
        type: 'PeriodLinesRecorded',
        data: { ...of, closeId: close.closeId, chunk: 1, chunks: 1, lines },
      },
      {
        type: 'PeriodClosed',
        data: {
          ...{ ...pinned, ...counted, terms, inputsDigest, linesDigest },
          adjustedMonths: [],
        },
      },
      {
        type: 'StatementIssued',
        data: { ...of, ...counted, customerId, number, kind, issuedOn, ...(dueOn && { dueOn }) },
      },
    );
  }
}
