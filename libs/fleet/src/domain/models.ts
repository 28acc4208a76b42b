import { DomainError } from '@hostledger/eventsourcing';

/** A miner model as its maker rates it. Single machines vary by some percent around it. */
export interface MinerModel {
  /** Permanent: events carry it. */
  readonly code: string;
  readonly maker: string;
  readonly name: string;
  readonly ratedHashrateGhs: number;
  readonly nameplateWatts: number;
  /** Where the two ratings come from. */
  readonly source: string;
}

const THS = 1_000;

const bitmain = (
  code: string,
  name: string,
  ratedThs: number,
  nameplateWatts: number,
  source: string,
): MinerModel => ({
  code,
  maker: 'Bitmain',
  name,
  ratedHashrateGhs: ratedThs * THS,
  nameplateWatts,
  source,
});

/**
 * The models this company hosts. An event repeats the ratings it was made with, so correcting an
 * entry here changes what is received from now on and nothing that was received before.
 */
export const minerModels: readonly MinerModel[] = [
  bitmain('S9-14', 'Antminer S9', 14, 1_372, 'third-party lists'),
  bitmain('S17-56', 'Antminer S17', 56, 2_520, 'third-party lists'),
  bitmain('S19-95', 'Antminer S19', 95, 3_250, 'maker'),
  bitmain('S19PRO-110', 'Antminer S19 Pro', 110, 3_250, 'maker'),
  bitmain('S19JPRO-96', 'Antminer S19j Pro', 96, 2_832, 'maker'),
  // 3,068 W is 29.5 J/TH, the maker's efficiency; 3,082 W is listed too.
  bitmain('S19JPRO-104', 'Antminer S19j Pro', 104, 3_068, 'third-party lists'),
  bitmain('S19KPRO-115', 'Antminer S19k Pro', 115, 2_645, 'third-party lists'),
  bitmain('S19KPRO-120', 'Antminer S19k Pro', 120, 2_760, 'third-party lists'),
  bitmain('S19XP-140', 'Antminer S19 XP', 140, 3_010, 'maker'),
  bitmain('S19JXP-151', 'Antminer S19J XP', 151, 3_247, 'third-party lists'),
  bitmain('T21-190', 'Antminer T21', 190, 3_610, 'third-party lists'),
  bitmain('S21-200', 'Antminer S21', 200, 3_500, 'third-party lists'),
  bitmain('S21PRO-234', 'Antminer S21 Pro', 234, 3_510, 'Bitmain-Cipher supplement'),
  bitmain('S21XP-270', 'Antminer S21 XP', 270, 3_645, 'Bitmain-Cipher amendment'),
  {
    code: 'M50S-126',
    maker: 'MicroBT',
    name: 'Whatsminer M50S',
    ratedHashrateGhs: 126 * THS,
    nameplateWatts: 3_276,
    source: 'third-party lists',
  },
];

const byCode = new Map(minerModels.map((model) => [model.code, model]));

export const minerModel = (code: string): MinerModel | undefined => byCode.get(code);

/** @param pointer the field that named it. */
export const modelUnknown = (code: string, pointer = '/model'): DomainError =>
  new DomainError(
    'invalid',
    'model/unknown',
    `There is no miner model ${code}`,
    { model: code },
    pointer,
  );
