import {
  DomainError,
  stepOf,
  type AggregateStore,
  type CommandContext,
} from '@hostledger/eventsourcing';
import { ratingsAs, type CorrectModelData } from '../domain/miner-model.js';
import { minerAggregate, minerUnknown, type InstalledMiner, type Miner } from '../domain/miner.js';
import { grantWatts } from './power-profile.js';

// A machine that is another model takes other watts: in a slot the rack grants them first.

/** The later ones are for machines that were moved, or given another profile, in between. */
const MAX_TRIES = 3;

type Correction = Omit<CorrectModelData, 'granted'>;

/**
 * Resolves to the machine as that model; done before, it changes nothing.
 * @throws DomainError when the rack does not grant the watts.
 */
export const correctMinerModel = async (
  store: AggregateStore,
  correction: Correction,
  context: CommandContext,
): Promise<Miner> => {
  const { serial, model } = correction;
  for (let attempt = 1; ; attempt += 1) {
    const { state } = await store.load(minerAggregate, serial, { fresh: true });
    if (state.status === 'unknown') throw minerUnknown(serial);
    if (state.model === model) return state;
    const step = stepOf(context, 'try', attempt);
    try {
      const granted =
        state.status === 'installed' ? await grant(store, correction, state, step) : undefined;
      const data = { ...correction, ...(granted && { granted }) };
      const command = { type: 'CorrectModel', data, at: context.at } as const;
      return (await store.handle(minerAggregate, serial, command, step)).state;
    } catch (error) {
      if (attempt === MAX_TRIES || !mayClear(error)) throw error;
    }
  }
};

/** It left its slot since it was read, so that its rack knows it no more or granted in vain. */
const mayClear = (error: unknown): boolean =>
  error instanceof DomainError && ['miner/moved-meanwhile', 'rack/slot-left'].includes(error.code);

const grant = async (
  store: AggregateStore,
  { serial, model }: Correction,
  miner: InstalledMiner,
  context: CommandContext,
): Promise<CorrectModelData['granted']> => {
  const ratings = ratingsAs(model, miner);
  const target = { profile: 'nameplate', ...ratings, model };
  const { grant: given } = await grantWatts(store, serial, miner, target, context);
  return { ...ratings, grant: given };
};
