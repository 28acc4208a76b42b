import {
  context,
  createContextKey,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Attributes,
  type Context,
  type Span,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api';
import { DomainError } from './errors.js';
import type { EventMetadata } from './message.js';

export type { Attributes, Span, SpanContext } from '@opentelemetry/api';
export { SpanKind } from '@opentelemetry/api';

// Traces in OpenTelemetry's terms. Whoever composes a process names a tracer; without one nothing here
// costs more than the question whether there is one.

let tracer: Tracer | undefined;

/** From here on spans are begun with this tracer; with none when it is left out. */
export const traceWith = (given: Tracer | undefined): void => {
  tracer = given;
};

export const isTracing = (): boolean => tracer !== undefined;

/**
 * Spans below one that has no parent here: a bulk operation of 27,000 lines would be a trace that nothing
 * can show, and its spans would push those of others out of the queue.
 */
export const MAX_SPANS_BELOW = 500;
/** Of a batch of events: beyond, those that caused it are only counted. */
export const MAX_LINKS = 64;

const BUDGET = createContextKey('hostledger.budget');
interface Budget {
  left: number;
  leftOut: number;
}

export interface SpanOptions {
  readonly kind?: SpanKind;
  /** Ids, names, counts and outcomes; never a body, a reason, a token or the address of a receiver. */
  readonly attributes?: Attributes;
  /** What led to this without waiting for it. */
  readonly links?: readonly SpanContext[];
  /** Begins a trace of its own, wherever it is called from. */
  readonly isRoot?: boolean;
  /** What a caller sent along, in place of what is active here. */
  readonly parent?: Context;
}

/** Does the work within a span, which ends with it; without a tracer the work alone, with no span. */
export const inSpan = async <T>(
  name: string,
  options: SpanOptions,
  work: (span: Span | undefined) => Promise<T>,
): Promise<T> => {
  if (!tracer) return work(undefined);
  const begun = beginSpan(name, options);
  if (!begun) return work(undefined);
  const { span } = begun;
  try {
    return await context.with(begun.context, work, undefined, span);
  } catch (error) {
    noteError(span, error);
    throw error;
  } finally {
    begun.end();
  }
};

/** As {@link inSpan} where something that is being traced asks for it; else the work alone. */
export const inSpanBelow = <T>(
  name: string,
  options: SpanOptions,
  work: (span: Span | undefined) => Promise<T>,
): Promise<T> =>
  tracer && trace.getActiveSpan()?.isRecording() === true
    ? inSpan(name, options, work)
    : work(undefined);

export interface BegunSpan {
  readonly span: Span;
  /** In which what belongs to it is to be done. */
  readonly context: Context;
  /** Once; what follows has no effect. */
  end(): void;
}

/** A span that is ended elsewhere; none without a tracer, or where there are too many already. */
export const beginSpan = (name: string, options: SpanOptions): BegunSpan | undefined => {
  if (!tracer) return undefined;
  const above = options.isRoot ? ROOT_CONTEXT : (options.parent ?? present());
  const known = above.getValue(BUDGET) as Budget | undefined;
  if (known && known.left <= 0) {
    known.leftOut += 1;
    return undefined;
  }
  const budget = known ?? { left: MAX_SPANS_BELOW, leftOut: 0 };
  if (known) known.left -= 1;
  const { kind = SpanKind.INTERNAL, attributes = {}, links = [] } = options;
  const kept = links.slice(0, MAX_LINKS).map((linked) => ({ context: linked }));
  const span = tracer.startSpan(name, { kind, attributes, links: kept }, above);
  if (links.length > MAX_LINKS) {
    span.setAttribute('hostledger.links.left_out', links.length - MAX_LINKS);
  }
  return {
    span,
    context: trace.setSpan(known ? above : above.setValue(BUDGET, budget), span),
    end: () => {
      if (!known && budget.leftOut > 0) {
        span.setAttribute('hostledger.spans.left_out', budget.leftOut);
      }
      span.end();
    },
  };
};

/**
 * What is active, unless it has ended: a subscription or a timer that a request began keeps the context of
 * that request for as long as it lives.
 */
const present = (): Context => {
  const active = context.active();
  const span = trace.getSpan(active);
  if (!span) return active;
  const isSampled = (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
  return isSampled && !span.isRecording() ? ROOT_CONTEXT : active;
};

/** A refusal is an answer; what else is thrown is a failure, of which the message may say too much. */
const noteError = (span: Span, error: unknown): void => {
  if (error instanceof DomainError) {
    span.setAttribute('hostledger.refusal', error.code);
    return;
  }
  const type = error instanceof Error ? error.name : typeof error;
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR, message: type });
};

/** What an event is to say of the span that appends it; nothing where that is not recorded. */
export const traceOf = (
  span: Span | undefined,
): Pick<EventMetadata, '$traceId' | '$spanId'> | undefined => {
  if (!span?.isRecording()) return undefined;
  const { traceId, spanId } = span.spanContext();
  return { $traceId: traceId, $spanId: spanId };
};

/** The span that appended an event, as the event says. */
export const causeOf = (metadata: EventMetadata | undefined): SpanContext | undefined => {
  const { $traceId: traceId, $spanId: spanId } = metadata ?? {};
  if (typeof traceId !== 'string' || typeof spanId !== 'string') return undefined;
  const cause = { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true };
  return isSpanContextValid(cause) ? cause : undefined;
};

/** The spans that appended these events, each once. */
export const causesOf = (
  events: readonly { readonly metadata: EventMetadata }[],
): readonly SpanContext[] => {
  const causes = new Map<string, SpanContext>();
  for (const { metadata } of events) {
    const cause = causeOf(metadata);
    if (cause) causes.set(cause.spanId, cause);
  }
  return [...causes.values()];
};

/** What goes with a request to somebody else, so that it can go on with the trace: `traceparent`. */
export const headersOfTrace = (): Readonly<Record<string, string>> => {
  const headers: Record<string, string> = {};
  if (tracer) propagation.inject(context.active(), headers);
  return headers;
};

/** What came with a request of somebody else. */
export const contextOfTrace = (headers: Readonly<Record<string, unknown>>): Context =>
  propagation.extract(ROOT_CONTEXT, headers);

/** Goes on in the context of a span that was begun before. */
export const within = <T>(begun: BegunSpan, work: () => T): T => context.with(begun.context, work);

/** What lines of the log carry, so that they are found from a trace and it from them. */
export const logFieldsOfTrace = (
  span: Span | undefined = trace.getActiveSpan(),
): { readonly trace_id?: string; readonly span_id?: string } => {
  const { traceId, spanId } = span?.spanContext() ?? {};
  return traceId !== undefined && spanId !== undefined
    ? { trace_id: traceId, span_id: spanId }
    : {};
};
