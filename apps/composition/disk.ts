import { statfs } from 'node:fs/promises';
import type { Config } from '@hostledger/config';
import type { Metrics, ReadinessProbe } from '@hostledger/http';

/** Below this the log and the read models may fail to grow at any moment. */
const LEAST_FREE_BYTES = 64 * 1024 * 1024;

/** Whether there is room left where the embedded default keeps its data. */
export const diskProbe = ({ dataDir }: Config): ReadinessProbe => ({
  name: 'disk',
  check: async () => {
    const { freeBytes } = await spaceOf(dataDir);
    return freeBytes < LEAST_FREE_BYTES
      ? `${Math.floor(freeBytes / 1024 ** 2)} MB free for ${dataDir}`
      : undefined;
  },
});

/** Has the room that is left told to who scrapes; nothing where there is no such directory. */
export const scrapeDisk = (metrics: Metrics, { dataDir }: Config): void =>
  metrics.scrapeDisk(() => spaceOf(dataDir));

const spaceOf = async (directory: string) => {
  const { bavail, blocks, bsize } = await statfs(directory);
  return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
};
