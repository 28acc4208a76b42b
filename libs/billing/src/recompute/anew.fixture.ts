import { hashOf, type RecordedEvent } from '@hostledger/eventsourcing';
import { readModelsOf, type TestDatabase } from '@hostledger/testing';
import { documentAnew } from './anew.js';
import { computedFrom, DocumentRegister, DocumentStreams, isFactFor } from './document.js';
import type { Rehearsed } from './rehearsal.js';

/** Computes a document anew from nothing but a copy of the log. */
export const anewFrom = async (
  log: readonly RecordedEvent[],
  number: string,
  shared: TestDatabase,
): Promise<readonly Rehearsed[]> => {
  const register = new DocumentRegister();
  for (const event of log) register.see(event);
  const document = register.numbered(number)!;
  const streams = new DocumentStreams(document.contractId);
  for (const event of log) streams.see(event);
  const filled = await readModelsOf(computedFrom, log.filter(isFactFor(streams)), shared);
  try {
    return await documentAnew(document, streams, filled.readModels);
  } finally {
    await filled.close();
  }
};

export const differing = (acts: readonly Rehearsed[]): readonly Rehearsed[] =>
  acts.filter(
    ({ recorded, computed }) =>
      recorded?.type !== computed?.type || hashOf(recorded?.data) !== hashOf(computed?.data),
  );
