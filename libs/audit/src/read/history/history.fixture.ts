import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { contractsParties } from '@hostledger/contracts';
import { deriveId, type NewEvent } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import { partiesProjection, PartiesQuery, PartyRules } from '@hostledger/feed';
import { fleetParties } from '@hostledger/fleet';
import { sitesParties } from '@hostledger/sites';
import { Home, readModelsOf, type TestDatabase } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import { history, historyProjections } from '../../history.js';
import { HistorySearch } from './search.js';

export const rules = new PartyRules([contractsParties, fleetParties, sitesParties]);
export const projections = [...historyProjections(rules), partiesProjection(rules)];

export interface Act {
  readonly stream: string;
  readonly type: string;
  readonly data?: object;
  readonly subject?: string;
  readonly role?: string;
  readonly command?: string;
  readonly correlation?: string;
  readonly causation?: string;
  readonly reason?: string;
  readonly occurredAt?: string;
}

/** A log on the embedded node, the index of its history, and the routes. */
export class HistoryHome {
  private readonly revisions = new Map<string, bigint>();
  private written = 0;

  private constructor(
    readonly home: Home,
    readonly app: NestFastifyApplication,
    readonly search: HistorySearch,
    readonly catchUp: () => Promise<void>,
    readonly close: () => Promise<void>,
  ) {}

  static async open(shared?: TestDatabase): Promise<HistoryHome> {
    const home = await Home.open();
    const filled = await readModelsOf(projections, [], shared);
    const { readModels } = filled;
    const parties = new PartiesQuery(rules, readModels);
    const search = new HistorySearch(readModels, home.events, parties);
    const app = await servedRoutes({
      controllers: history.controllers,
      providers: [
        { provide: ReadModels, useValue: readModels },
        { provide: EventStore, useValue: home.events },
        { provide: HistorySearch, useValue: search },
      ],
    });
    const close = async (): Promise<void> => {
      await app.close();
      await filled.close();
      await home.close();
    };
    const catchUp = async () => filled.catchUp(await home.log());
    return new HistoryHome(home, app, search, catchUp, close);
  }

  /** Appends each, those of one stream that follow one another at once; the ids are told. */
  async act(...acts: readonly Act[]): Promise<readonly string[]> {
    const ids: string[] = [];
    for (let from = 0; from < acts.length;) {
      const { stream } = acts[from]!;
      const others = acts.findIndex((act, index) => index > from && act.stream !== stream);
      const own = acts.slice(from, Math.min(others < 0 ? acts.length : others, from + 500));
      const events = own.map((act) => this.eventOf(act));
      const last = this.revisions.get(stream);
      const { revision } = await this.home.events.append(stream, last ?? 'no_stream', events);
      this.revisions.set(stream, revision);
      ids.push(...events.map(({ id }) => id));
      from += own.length;
    }
    return ids;
  }

  async get(url: string, headers: Record<string, string> = {}) {
    const sent = { authorization: 'Bearer auditor', ...headers };
    const { statusCode, headers: got, body } = await this.app.inject({ url, headers: sent });
    const isJson = String(got['content-type']).startsWith('application/json');
    return {
      status: statusCode,
      headers: got,
      text: body,
      body: (isJson || statusCode >= 400 ? JSON.parse(body) : {}) as Record<string, unknown>,
    };
  }

  /** Ids of the events of a whole list, page by page. */
  async walk(query: string, limit = 3, between = async () => {}): Promise<string[]> {
    const ids: string[] = [];
    for (let cursor = ''; ;) {
      const url = `/v1/audit/events?${query}&limit=${limit}${cursor}`;
      const { status, text, body } = await this.get(url);
      if (status !== 200) throw new Error(text);
      ids.push(...(body['items'] as { id: string }[]).map(({ id }) => id));
      const { nextCursor } = body as { nextCursor?: string };
      if (nextCursor === undefined) return ids;
      cursor = `&cursor=${nextCursor}`;
      await between();
    }
  }

  private eventOf(act: Act): NewEvent {
    this.written += 1;
    const command = act.command ?? deriveId('command', this.written);
    const { reason } = act;
    return {
      id: deriveId('event', this.written),
      type: act.type,
      data: act.data ?? {},
      metadata: {
        commandId: command,
        commandHash: 'h',
        actor: { subject: act.subject ?? 'ana', role: act.role ?? 'operator' },
        occurredAt: act.occurredAt ?? '2024-04-20T00:00:00.000Z',
        $correlationId: act.correlation ?? `request-${this.written}`,
        $causationId: act.causation ?? command,
        ...(reason !== undefined && { reason }),
      },
    };
  }
}
