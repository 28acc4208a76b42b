import {
  beginSpan,
  contextOfTrace,
  isTracing,
  logFieldsOfTrace,
  SpanKind,
  within,
  type BegunSpan,
} from '@hostledger/eventsourcing';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Of requests under way; those of health and metrics have none. */
const spans = new WeakMap<IncomingMessage, BegunSpan>();

const UNTRACED = /^\/(health\/|metrics(\?|$))/;
const SERVER_FAULT = 500;

/**
 * A span for each request, from its first byte to the end of its answer. It goes on with the trace of the
 * caller (`traceparent`, W3C trace context); what the handler does is below it. Nothing where traces are off.
 */
export const traceRequests = (fastify: FastifyInstance): void => {
  if (!isTracing()) return;
  fastify.addHook('onRequest', (request, reply, done) => {
    const begun = begin(request);
    if (!begun) return done();
    spans.set(request.raw, begun);
    // A caller that goes away has no answer, and so no end of it either.
    reply.raw.once('close', () => end(begun, request, reply.statusCode));
    within(begun, done);
  });
  // A body is parsed in the context of its connection.
  fastify.addHook('preHandler', (request, _reply, done) => {
    const begun = spans.get(request.raw);
    if (begun) within(begun, done);
    else done();
  });
};

const begin = ({ method, url, id, headers }: FastifyRequest): BegunSpan | undefined => {
  if (UNTRACED.test(url)) return undefined;
  return beginSpan(method, {
    kind: SpanKind.SERVER,
    parent: contextOfTrace(headers),
    attributes: {
      'http.request.method': method,
      'url.path': url.split('?', 1)[0]!,
      'hostledger.correlation_id': id,
    },
  });
};

const end = (begun: BegunSpan, { method, routeOptions }: FastifyRequest, status: number): void => {
  const { span } = begun;
  const route = routeOptions.url;
  if (route !== undefined) {
    span.updateName(`${method} ${route}`);
    span.setAttribute('http.route', route);
  }
  span.setAttribute('http.response.status_code', status);
  if (status >= SERVER_FAULT) span.setAttribute('error.type', String(status));
  begun.end();
};

/** For the lines of a request in the log, which are written in the context of its connection. */
export const traceFieldsOf = (request: IncomingMessage) =>
  logFieldsOfTrace(spans.get(request)?.span);
