import { Notary, NotaryKeyFiles, publishPlace, scrapeNotary, Witness } from '@hostledger/audit';
import type { Config } from '@hostledger/config';
import { EventStoreFeeds } from '@hostledger/eventsourcing/eventstoredb';
import { decisionsAbout } from '@hostledger/projections';
import { READ_MODELS } from './rooms.js';
import type { System } from './system.js';

export const notaryKeyFiles = ({ notary, dataDir }: Config): NotaryKeyFiles => {
  const { origin, key, keyFile: file } = notary;
  return new NotaryKeyFiles({ origin, key, file, dataDir });
};

/** Signs the log of this system. */
export const openNotary = (system: System): Notary => {
  const { aggregateStore, eventStore, database, metrics, logger, config } = system;
  const { origin, intervalSeconds, publish, publishToken, witnesses } = config.notary;
  const notary = new Notary({
    store: aggregateStore,
    log: eventStore,
    feeds: new EventStoreFeeds(eventStore, metrics),
    database,
    origin,
    keys: notaryKeyFiles(config),
    intervalMs: intervalSeconds * 1000,
    place: publish === undefined ? undefined : publishPlace(publish, publishToken),
    witnesses: witnesses.map((witness) => new Witness(witness)),
    decisions: decisionsAbout(aggregateStore, READ_MODELS),
    warned: (message, err) => logger.warn({ err }, message),
  });
  scrapeNotary(metrics.registry, () => notary.status());
  return notary;
};
