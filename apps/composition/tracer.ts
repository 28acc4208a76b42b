import { context, diag, DiagLogLevel, propagation, type Tracer } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type Sampler,
} from '@opentelemetry/sdk-trace';
import type { SamplerConfig, TracingConfig } from '@hostledger/config';
import type { Logger } from 'pino';

const STOP_WITHIN_MS = 3_000;
/** Names are cut: a stream or an item may be named by whoever calls. */
const MAX_ATTRIBUTE_CHARACTERS = 256;

/** A tracer of the OpenTelemetry SDK, which sends what it records to the collector of the environment. */
export const openTracer = (
  { batch, sampler }: TracingConfig,
  service: string,
  logger: Logger,
): { readonly tracer: Tracer; stop(): Promise<void> } => {
  diag.setLogger(asDiagLogger(logger), DiagLogLevel.WARN);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const provider = new TracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': service }))
      .merge(detectResources({ detectors: [envDetector] })),
    sampler: new FollowingSampler(samplerOf(sampler)),
    spanLimits: { attributeValueLengthLimit: MAX_ATTRIBUTE_CHARACTERS },
    // The exporter finds its endpoint, headers and certificates in the environment.
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter(), ...batch })],
  });
  return {
    tracer: provider.getTracer('hostledger'),
    stop: async () => {
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, STOP_WITHIN_MS);
      await Promise.race([provider.shutdown().catch(() => undefined), late]);
      clearTimeout(timer);
    },
  };
};

/**
 * What follows from something that is recorded is recorded as well, though it is a trace of its own; the
 * sampler that was asked for decides about all else. Of a request that is one in a hundred, one in ten
 * thousand would else show what became of its event.
 */
class FollowingSampler implements Sampler {
  constructor(private readonly others: Sampler) {}

  shouldSample(...asked: Parameters<Sampler['shouldSample']>): ReturnType<Sampler['shouldSample']> {
    const links = asked[5];
    if (links.length > 0) return { decision: SamplingDecision.RECORD_AND_SAMPLED };
    return this.others.shouldSample(...asked);
  }

  toString(): string {
    return `Following(${this.others.toString()})`;
  }
}

const samplerOf = ({ kind, ratio, isParentBased }: SamplerConfig): Sampler => {
  const root = { on: () => new AlwaysOnSampler(), off: () => new AlwaysOffSampler() };
  const sampler = kind === 'ratio' ? new TraceIdRatioBasedSampler(ratio) : root[kind]();
  return isParentBased ? new ParentBasedSampler({ root: sampler }) : sampler;
};

/** What the SDK says, a collector that is away above all, is in the log of the process. */
const asDiagLogger = (logger: Logger) => ({
  error: (message: string) => logger.warn({ tracing: true }, message),
  warn: (message: string) => logger.warn({ tracing: true }, message),
  info: () => undefined,
  debug: () => undefined,
  verbose: () => undefined,
});
