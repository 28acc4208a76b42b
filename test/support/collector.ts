import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { messageOf, type Message } from './protobuf.js';

/** A span as the collector was told of it. */
export interface ReceivedSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** `traceId spanId` of each. */
  readonly links: readonly string[];
  readonly isFailed: boolean;
}

/**
 * Takes traces by OTLP over HTTP, as protobuf.
 * Source: opentelemetry-proto 1.x, `trace_service.proto` and `trace.proto`.
 */
export class Collector {
  readonly spans: ReceivedSpan[] = [];
  private readonly server = createServer((request, response) => {
    void this.take(request).then((status) => response.writeHead(status).end());
  });

  async listen(): Promise<void> {
    await new Promise<void>((listening) => this.server.listen(0, '127.0.0.1', listening));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Those whose attributes are these, among others. */
  having(attributes: Readonly<Record<string, string | number>>): readonly ReceivedSpan[] {
    return this.spans.filter((span) =>
      Object.entries(attributes).every(([name, value]) => span.attributes[name] === value),
    );
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private async take(request: IncomingMessage): Promise<number> {
    const body = Buffer.concat((await request.toArray()) as Buffer[]);
    if (request.url !== '/v1/traces') return 404;
    if (request.headers['content-type'] !== 'application/x-protobuf') return 415;
    const isZipped = request.headers['content-encoding'] === 'gzip';
    for (const ofResource of messageOf(isZipped ? gunzipSync(body) : body).messages(1)) {
      const resource = attributesOf(ofResource.messages(1)[0], 1);
      const service = String(resource['service.name']);
      for (const ofScope of ofResource.messages(2)) {
        this.spans.push(...ofScope.messages(2).map((span) => spanOf(service, span)));
      }
    }
    return 200;
  }
}

const FAILED = 2;

const spanOf = (service: string, span: Message): ReceivedSpan => ({
  service,
  traceId: span.hex(1),
  spanId: span.hex(2),
  parentSpanId: span.hex(4),
  name: span.text(5),
  attributes: attributesOf(span, 9),
  links: span.messages(13).map((link) => `${link.hex(1)} ${link.hex(2)}`),
  isFailed: span.messages(15).some((status) => status.number(3) === FAILED),
});

const attributesOf = (
  message: Message | undefined,
  field: number,
): Record<string, string | number | boolean> => {
  const pairs = (message?.messages(field) ?? []).map((pair) => [pair.text(1), valueOf(pair)]);
  return Object.fromEntries(pairs) as Record<string, string | number | boolean>;
};

/** Texts, truths and whole numbers are all that our spans have. */
const valueOf = (pair: Message): string | number | boolean => {
  const [value] = pair.messages(2);
  if (!value || value.has(1)) return value?.text(1) ?? '';
  return value.has(2) ? value.number(2) === 1 : value.number(3);
};
