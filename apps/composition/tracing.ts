import { traceWith } from '@hostledger/eventsourcing';
import { loadTracing } from '@hostledger/config';
import type { Logger } from 'pino';

export interface Tracing {
  /** Sends what has not been sent yet, within bounds. */
  stop(): Promise<void>;
}

/**
 * Begins to trace where the environment names a collector (`OTEL_EXPORTER_OTLP_ENDPOINT`); else what would
 * do so is not even loaded. To be called in each thread, before anything that is to be traced is made.
 * @throws InvalidConfig
 */
export const startTracing = async (service: string, logger: Logger): Promise<Tracing> => {
  const config = loadTracing(process.env);
  if (!config) return { stop: () => Promise.resolve() };
  const { openTracer } = await import('./tracer.js');
  const opened = openTracer(config, service, logger);
  traceWith(opened.tracer);
  return opened;
};
