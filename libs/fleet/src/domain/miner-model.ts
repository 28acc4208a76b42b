import type { DomainCommand, DomainEvent } from '@hostledger/eventsourcing';
import type { LivingMiner, Place, RetiredMiner } from './miner.js';
import { movedMeanwhile, type Grant } from './miner-power.js';
import { minerModel, modelUnknown } from './models.js';

// What a machine was taken for at the dock may turn out to be wrong. Once somebody took it as what
// it is, it is that everywhere, from its card to the counts over time.

/** For whom and at what rating the fleet's deployments counted a machine. */
interface Count {
  readonly customerId: string;
  readonly hashrateGhs: number;
}

/** What was counted of a machine that has another owner or other ratings by now. */
export interface Counted {
  /** At its nameplate. */
  readonly received: Count & { readonly powerWatts: number };
  /** When it was installed for the first time. */
  readonly deployed?: Count;
}

interface CountChange {
  customerId: string;
  fromHashrateGhs: number;
  hashrateGhs: number;
}

export type ModelCorrected = DomainEvent<
  'ModelCorrected',
  {
    serial: string;
    customerId: string;
    /** Under which it is hosted. */
    contractId: string;
    deliveryId: string;
    /** By which discrepancy of the delivery it came out. */
    discrepancyId: string;
    /** Where it is, or was when it retired. */
    place: Place;
    energized: boolean;
    /** It had left the fleet by then. */
    retired?: true;
    /** As which model it was received. */
    fromModel: string;
    model: string;
    /** Of the model that it is. */
    nameplateWatts: number;
    /** Of a machine in a slot. */
    grant?: Grant;
    /** The ratings at which it runs; those of a power profile of its own stay as they are. */
    fromHashrateGhs: number;
    hashrateGhs: number;
    fromWatts: number;
    powerWatts: number;
    /** How it was counted when it was received. */
    received: CountChange;
    /** How it was counted when it was installed for the first time; absent if it never was. */
    deployed?: CountChange;
  }
>;

export interface Ratings {
  readonly hashrateGhs: number;
  readonly powerWatts: number;
}

export interface CorrectModelData {
  readonly serial: string;
  readonly model: string;
  readonly deliveryId: string;
  readonly discrepancyId: string;
  /** What the rack of a machine in a slot granted it as that model. */
  readonly granted?: Ratings & { readonly grant: Grant };
}

export type ModelCommand = DomainCommand<'CorrectModel', CorrectModelData>;

type KnownMiner = LivingMiner | RetiredMiner;

/** To be kept before owner or ratings change. */
export const countedOf = ({
  customerId,
  ratedHashrateGhs: hashrateGhs,
  powerWatts,
  moves,
  counted,
}: KnownMiner): Counted => {
  const isDeployed = moves.length > 0;
  const deployed = counted?.deployed ?? (isDeployed ? { customerId, hashrateGhs } : undefined);
  const received = counted?.received ?? { customerId, hashrateGhs, powerWatts };
  return { received, ...(deployed && { deployed }) };
};

/** Its nameplate as that model; a power profile that it was given is of this very machine and stays. */
export const ratingsAs = (code: string, miner: KnownMiner): Ratings => {
  const { received } = countedOf(miner);
  const { ratedHashrateGhs: hashrateGhs, powerWatts } = miner;
  const isAtNameplate = hashrateGhs === received.hashrateGhs && powerWatts === received.powerWatts;
  if (!isAtNameplate) return { hashrateGhs, powerWatts };
  const model = mustBeKnown(code);
  return { hashrateGhs: model.ratedHashrateGhs, powerWatts: model.nameplateWatts };
};

/** In a slot only after its rack granted the watts; a power profile that was granted later holds. */
export const correctModel = (
  { serial, model: code, deliveryId, discrepancyId, granted }: CorrectModelData,
  miner: KnownMiner,
): ModelCorrected[] => {
  if (miner.model === code) return [];
  const { ratedHashrateGhs, nameplateWatts } = mustBeKnown(code);
  const reservationId = miner.status === 'installed' ? miner.moves.at(-1) : undefined;
  if (reservationId !== granted?.grant.reservationId) throw movedMeanwhile(serial, miner.place);
  const { customerId, contractId, place, energized = false, model: fromModel } = miner;
  const known = miner.grant?.reservationId === reservationId ? miner.grant : undefined;
  const holds = granted && granted.grant.revision >= (known?.revision ?? 0);
  const { ratedHashrateGhs: fromHashrateGhs, powerWatts: fromWatts } = miner;
  const asItIs = { hashrateGhs: fromHashrateGhs, powerWatts: fromWatts };
  const runsAt = granted ? (holds ? granted : asItIs) : ratingsAs(code, miner);
  const { received, deployed } = countedOf(miner);
  const recount = (count: Count): CountChange => ({
    customerId: count.customerId,
    fromHashrateGhs: count.hashrateGhs,
    hashrateGhs: count.hashrateGhs === received.hashrateGhs ? ratedHashrateGhs : count.hashrateGhs,
  });
  return [
    {
      type: 'ModelCorrected',
      data: {
        ...{ serial, customerId, contractId, deliveryId, discrepancyId, place, energized },
        ...(miner.status === 'retired' && { retired: true }),
        ...{ fromModel, model: code, nameplateWatts },
        ...(holds && { grant: granted.grant }),
        fromHashrateGhs,
        hashrateGhs: runsAt.hashrateGhs,
        fromWatts,
        powerWatts: runsAt.powerWatts,
        received: recount(received),
        ...(deployed && { deployed: recount(deployed) }),
      },
    },
  ];
};

export const modelCorrected = <Known extends KnownMiner>(
  miner: Known,
  { data }: Pick<ModelCorrected, 'data'>,
): Known => {
  const { model, hashrateGhs: ratedHashrateGhs, powerWatts, grant, received, deployed } = data;
  const count = ({ customerId, hashrateGhs }: CountChange): Count => ({ customerId, hashrateGhs });
  const counted: Counted = {
    received: { ...count(received), powerWatts: data.nameplateWatts },
    ...(deployed && { deployed: count(deployed) }),
  };
  return { ...miner, model, ratedHashrateGhs, powerWatts, counted, ...(grant && { grant }) };
};

const mustBeKnown = (code: string) => {
  const model = minerModel(code);
  if (!model) throw modelUnknown(code);
  return model;
};
