import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { leafHash, leafLine, parseCheckpoint, TreeHead } from '@hostledger/audit';
import type { RecordedEvent } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { Cluster } from './support/cluster.js';
import { Collector, type ReceivedSpan } from './support/collector.js';
import { Receiver } from './support/receiver.js';
import { Traffic } from './support/traffic.js';

// The built API and worker send what they do to a collector that runs here: one request is followed
// through the command, the append, the read models and the process that goes on with it, to a receiver.

const SECRET = 'the very secret reason';
const PALLET = 'PALLET-OF-A-BODY';
const SOON_MS = 60_000;

describe('Traces of a running system', () => {
  const collector = new Collector();
  const receiver = new Receiver();
  let cluster: Cluster;
  let store: EventStore;
  let traffic: Traffic;
  let token: string;

  beforeAll(async () => {
    await collector.listen();
    await receiver.listen();
    cluster = await Cluster.start({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_BSP_SCHEDULE_DELAY: '100',
      WEBHOOK_KEY: randomBytes(32).toString('base64'),
      WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
      NOTARY_INTERVAL_SECONDS: '1',
    });
    store = new EventStore({ connection: cluster.env['EVENTSTORE_URL']! });
    await cluster.startWorker();
    await cluster.startApi();
    token = cluster.accessToken;
    traffic = new Traffic(cluster);
    await traffic.prepare();
    await cluster.act('/v1/webhooks', {
      description: 'Warehouse',
      url: receiver.url,
      filter: { types: ['ManifestRegistered'] },
    });
  }, 300_000);
  afterAll(async () => {
    await store.close();
    await cluster.stop();
    await receiver.close();
    await collector.close();
  }, 120_000);

  /** Once there is one with this name and these attributes. */
  const span = async (
    name: string,
    attributes: Readonly<Record<string, string | number>> = {},
    also: (span: ReceivedSpan) => boolean = () => true,
  ): Promise<ReceivedSpan> => {
    const found = (): ReceivedSpan | undefined =>
      collector.having(attributes).find((one) => one.name === name && also(one));
    const deadline = performance.now() + SOON_MS;
    for (;;) {
      const one = found();
      if (one) return one;
      if (performance.now() > deadline) throw new Error(`No span ${name}`);
      await sleep(100);
    }
  };

  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    fetch(`${cluster.origin}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'text/csv',
        'idempotency-key': randomUUID(),
        ...headers,
      },
      body,
    });

  it('connect a request to all that follows from it', async () => {
    const traceId = randomBytes(16).toString('hex');
    const caller = randomBytes(8).toString('hex');
    const answer = await post(
      `/v1/deliveries?${traffic.aboutDelivery('TRACED')}`,
      `serial,model,condition,pallet\nTRACED1,S19JXP-151,ok,${PALLET}`,
      {
        traceparent: `00-${traceId}-${caller}-01`,
        'x-correlation-id': 'traced-1',
        'x-reason': SECRET,
      },
    );
    expect(answer.status).toBe(202);

    // What the caller waited for is below its own span.
    const request = await span('POST /v1/deliveries', { 'hostledger.correlation_id': 'traced-1' });
    expect(request).toMatchObject({
      ...{ service: 'hostledger-api', traceId, parentSpanId: caller },
      attributes: { 'http.response.status_code': 202, 'url.path': '/v1/deliveries' },
    });
    const ofRequest = (one: ReceivedSpan): boolean => one.traceId === traceId;
    const command = await span('StartOperation', {}, ofRequest);
    expect(command.attributes).toMatchObject({ 'hostledger.outcome': 'accepted' });
    expect(ancestors(command)).toContain(request.spanId);
    const append = await span('append', {}, (one) => one.parentSpanId === command.spanId);
    const stream = String(append.attributes['hostledger.stream']);
    expect(append.attributes).toMatchObject({
      'hostledger.outcome': 'ok',
      'db.operation.name': 'append',
      'hostledger.stream': expect.stringMatching(/^operation-/) as string,
    });

    // The event says which span appended it.
    const events = await store.readStream(stream, 0n);
    const started = events.find(({ type }) => type === 'OperationStarted')!;
    expect(started.metadata).toMatchObject({ $traceId: traceId, $spanId: append.spanId });

    // Read models and to-do lists link to it, as does the process that performs the operation.
    const link = `${traceId} ${append.spanId}`;
    const isLinked = (one: ReceivedSpan): boolean => one.links.includes(link);
    const readModels = await span('read_models batch', {}, isLinked);
    expect(readModels.parentSpanId).toBe('');
    expect(readModels.service).toBe('hostledger-worker');
    await span('processes batch', {}, isLinked);
    const step = await span('operations', { 'hostledger.correlation_id': 'traced-1' }, isLinked);
    expect(step).toMatchObject({ parentSpanId: '', isFailed: false });
    const done = await span('append', {}, (one) => one.traceId === step.traceId);
    expect(ancestors(done)).toContain(step.spanId);
  }, 180_000);

  it('go on with webhooks, whose receivers are told', async () => {
    const registered = await cluster.act<{ operationId: string }>(
      `/v1/deliveries?${traffic.aboutDelivery('SENT')}`,
      'serial,model,condition,pallet\nSENT1,S19JXP-151,ok,P1',
    );
    expect(registered.status).toBe(202);
    const delivered = await span('deliver', { 'hostledger.outcome': 'delivered' });
    expect(delivered.links).toHaveLength(1);
    const told = receiver.headers.map(({ traceparent }) => traceparent);
    expect(told).toContain(`00-${delivered.traceId}-${delivered.spanId}-01`);
  }, 120_000);

  it('have what the notary signs, and what it signs covers them', async () => {
    const signed = await span('sign checkpoint');
    expect(signed.isFailed).toBe(false);
    const { note } = await cluster.read<{ note: string }>('/v1/audit/checkpoint');
    const { size, root } = parseCheckpoint(note);
    const head = new TreeHead();
    const events = (await wholeLog(store)).slice(0, size);
    expect(events.some(({ metadata }) => metadata.$traceId !== undefined)).toBe(true);
    for (const event of events) head.append(leafHash(leafLine(event)));
    expect(head.root()).toEqual(Buffer.from(root));
  }, 120_000);

  it('leave a bundle that verifies', async () => {
    const home = mkdtempSync(join(tmpdir(), 'hostledger-traced-'));
    try {
      const file = join(home, 'bundle.tar');
      const key = (await cluster.cli('notary', 'key')).trim();
      await cluster.cli('audit', 'export', '--to', file);
      const verdict = await cluster.cli('audit', 'verify', file, '--key', key, '--allow-uncovered');
      expect(verdict).toContain('The history is whole');
    } finally {
      rmSync(home, { recursive: true });
    }
  }, 180_000);

  it('tell nothing of tokens, reasons and bodies', () => {
    const told = JSON.stringify(collector.spans);
    const forbidden = [token, SECRET, PALLET, receiver.url];
    expect(forbidden.filter((text) => told.includes(text))).toEqual([]);
  });

  it('are left alone by health and metrics', () => {
    const paths = collector.spans.map(({ attributes }) => String(attributes['url.path']));
    expect(paths.filter((path) => /^\/(health|metrics)/.test(path))).toEqual([]);
  });

  const ancestors = ({ traceId, parentSpanId }: ReceivedSpan): string[] => {
    const parent = collector.spans.find(
      (one) => one.traceId === traceId && one.spanId === parentSpanId,
    );
    return parent ? [parent.spanId, ...ancestors(parent)] : [];
  };
});

const PAGE = 10_000;

const wholeLog = async (store: EventStore): Promise<RecordedEvent[]> => {
  const all: RecordedEvent[] = [];
  for (;;) {
    const page = await store.readAll(all.at(-1)?.position ?? 0n, PAGE);
    all.push(...page);
    if (page.length < PAGE) return all;
  }
};
