import { monitorEventLoopDelay } from 'node:perf_hooks';

/**
 * Loaded into the measured process with `--require`: answers over the IPC channel how long its
 * event loop stalled and what it worked since it was last asked, and how much memory it holds. The system itself knows
 * nothing of it.
 */
export interface ProbeReading {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly rssMb: number;
  /** The most it ever held. */
  readonly peakRssMb: number;
  /** Processor time of all its threads since it was last asked. */
  readonly cpuMs: number;
}

const RESOLUTION_MS = 1;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();
let worked = process.cpuUsage();

/** The histogram holds the time between two ticks of a timer; what exceeds the timer is the stall. */
const stall = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);

process.on('message', (message) => {
  if (message !== 'read the probe') return;
  const { user, system } = process.cpuUsage(worked);
  const reading: ProbeReading = {
    p50Ms: stall(delay.percentile(50)),
    p99Ms: stall(delay.percentile(99)),
    maxMs: stall(delay.max),
    rssMb: process.memoryUsage.rss() / 1024 ** 2,
    peakRssMb: process.resourceUsage().maxRSS / 1024,
    cpuMs: (user + system) / 1_000,
  };
  delay.reset();
  worked = process.cpuUsage();
  process.send?.(reading);
});
process.channel?.unref();
