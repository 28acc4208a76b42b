import { DomainError, type AggregateStore, type CommandContext } from '@hostledger/eventsourcing';
import { keyInForce, notaryKeysAggregate } from '../domain/notary-keys.js';
import type { NotaryKeyFiles } from '../process/key-files.js';
import { parseRotation, signRotation } from '../transparency/key-rotation.js';

/** The verifier key in force, of which there is none before the notary has run. */
export const verifierKeyOf = async (
  store: AggregateStore,
  origin: string,
): Promise<string | undefined> => {
  const { state } = await store.load(notaryKeysAggregate, origin, { fresh: true });
  return keyInForce(state);
};

/**
 * Records a statement of two keys. Which of them signed it is seen here; the rules want both.
 * @throws DomainError; MalformedNote for what is no such statement.
 */
export const recordRotation = async (
  store: AggregateStore,
  statement: string,
  context: CommandContext,
): Promise<void> => {
  const { origin, from, to, signedBy } = parseRotation(statement);
  const data = { origin, from, to, statement, signedBy };
  const command = { type: 'RotateNotaryKey', data, at: context.at } as const;
  await store.handle(notaryKeysAggregate, origin, command, context);
};

/**
 * Rotates to a new key: it is in a file before the event says so, and in the place of the old one
 * after. One that was cut off is finished when it is asked for again.
 * @param newKeyFile where the new key is, or is put, and stays; else it takes the place of the old one.
 * @returns the verifier key that is in force now.
 */
export const rotateKey = async (
  store: AggregateStore,
  keys: NotaryKeyFiles,
  { origin, newKeyFile }: { readonly origin: string; readonly newKeyFile?: string | undefined },
  context: CommandContext,
): Promise<string> => {
  const inForce = await verifierKeyOf(store, origin);
  if (inForce === undefined) {
    throw new DomainError('conflict', 'notary/key-not-in-force', `${origin} has no key yet`);
  }
  const next = keys.next(newKeyFile);
  const to = next.verifier.text;
  if (inForce !== to) {
    const old = keys.of(inForce);
    if (!old) {
      throw new DomainError(
        'conflict',
        'notary/key-not-in-force',
        `The key in force, ${inForce}, is not here to sign the rotation`,
      );
    }
    await recordRotation(store, signRotation(origin, old, next, context.at), context);
  }
  if (newKeyFile === undefined) keys.promote();
  return to;
};
