import { Gauge, Histogram, type Registry } from 'prom-client';
import type { DispatcherStatus } from './dispatcher.js';

const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Attempts by outcome and duration, and what waits, in Prometheus' terms. */
export class DeliveryMetrics {
  private readonly attempts: Histogram<'outcome'>;

  constructor(private readonly registry: Registry) {
    this.attempts = new Histogram({
      name: 'hostledger_webhook_attempt_seconds',
      help: 'Attempts to deliver an event, by outcome',
      labelNames: ['outcome'],
      buckets: SECONDS,
      registers: [registry],
    });
  }

  attempted(outcome: string, seconds: number): void {
    this.attempts.observe({ outcome }, seconds);
  }

  /** Gauges that are read whenever the process is scraped. */
  scrape(status: () => DispatcherStatus): void {
    const gauge = (
      name: string,
      help: string,
      value: (delivery: DispatcherStatus['deliveries'][number]) => number,
    ) =>
      new Gauge({
        name: `hostledger_webhook_${name}`,
        help,
        labelNames: ['webhook'],
        registers: [this.registry],
        collect() {
          this.reset();
          for (const delivery of status().deliveries) {
            this.set({ webhook: delivery.webhookId }, value(delivery));
          }
        },
      });
    gauge('waiting', 'Events that wait or are on their way', ({ waiting }) => waiting);
    gauge('failing', 'Whether nothing was delivered since the last failure', ({ failing }) =>
      Number(failing),
    );
    gauge('dead_letters', 'Events given up and not replayed', ({ deadLetters }) => deadLetters);
  }
}
