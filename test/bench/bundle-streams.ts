import { randomUUID } from 'node:crypto';
import { Tally } from '@hostledger/audit';

// What an export and a verifier hold of the streams of a history: `node --expose-gc dist/test/bench/bundle-streams.js [streams]`.
// Most streams of a long history are those of commands with a key of their own, of one event each.

const streams = Number(process.argv[2] ?? 1_000_000);

const heldMb = (): number => {
  global.gc?.();
  const { heapUsed, arrayBuffers, external } = process.memoryUsage();
  return (heapUsed + Math.max(arrayBuffers, external)) / 1024 / 1024;
};

const measure = (listsStreams: boolean): void => {
  const before = heldMb();
  const tally = new Tally({ listsStreams });
  const began = performance.now();
  const id = randomUUID();
  for (let n = 0; n < streams; n += 1) {
    const stream = `commandKey-${n.toString(16).padStart(8, '0')}-9b60-5888-8c0e-1f2a3b4c5d6e`;
    tally.add({ stream, type: 'CommandKeyClaimed', revision: '0', position: `${n * 300}`, id });
  }
  const tookMs = performance.now() - began;
  const held = heldMb() - before;
  let lines = 0;
  if (listsStreams) for (const line of tally.lines()) lines += line.length;
  process.stdout.write(
    `${listsStreams ? 'export' : 'verify'}: ${tally.streamCount} streams in ${(tookMs / 1000).toFixed(1)} s, ` +
      `${held.toFixed(0)} MB, ${((held * 1024 * 1024) / streams).toFixed(0)} bytes of each` +
      `${lines > 0 ? `; ${(lines / 1024 / 1024).toFixed(0)} MB of list` : ''}\n`,
  );
};

measure(false);
measure(true);
