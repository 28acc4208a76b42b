import { Gauge, type Registry } from 'prom-client';
import type { NotaryStatus } from './notary.js';

/** How far the notary is, in Prometheus' terms. */
export const scrapeNotary = (registry: Registry, status: () => NotaryStatus): void => {
  const gauge = (name: string, help: string, value: (now: NotaryStatus) => number) =>
    new Gauge({
      name: `hostledger_notary_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(value(status()));
      },
    });
  gauge('owner', 'Whether this process is the notary', ({ phase }) =>
    Number(phase === 'catchingUp' || phase === 'live'),
  );
  gauge('fault', 'Whether it refuses to sign', ({ fault }) => Number(fault !== undefined));
  gauge(
    'foreign_events',
    "Events of others in the notary's streams",
    ({ foreign }) => foreign?.events ?? 0,
  );
  gauge('tree_size', 'Events in the tree', ({ size }) => size);
  gauge('position', 'Log position of the last event in the tree', ({ position }) =>
    Number(position),
  );
  gauge('signed_size', 'Events that the last checkpoint covers', ({ signed }) => signed?.size ?? 0);
  gauge('signed_seconds', 'When the last checkpoint was signed, in seconds since 1970', (now) =>
    now.signed ? Date.parse(now.signed.time) / 1000 : 0,
  );
  gauge('unpublished', 'Checkpoints not put outside yet', ({ unpublished }) => unpublished);
  new Gauge({
    name: 'hostledger_notary_witness_behind',
    help: 'Events that a witness has not seen, of those that the last checkpoint covers',
    labelNames: ['witness'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { name, behind } of status().witnesses) this.set({ witness: name }, behind);
    },
  });
  new Gauge({
    name: 'hostledger_notary_failing',
    help: 'Whether what is done outside fails at present',
    labelNames: ['errand'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { errand } of status().failing) this.set({ errand }, 1);
    },
  });
};
