import { existsSync } from 'node:fs';
import { join } from 'node:path';

// The built output: from TypeScript the choice is made in the thread that asks for it.

type Solver = typeof import('./solver.js');
type Fixture = typeof import('./proposal-inputs.fixture.js');

const SOLVER = join(__dirname, '../../../../dist/libs/economics/src/solver');

const built = <Module>(file: string): Module => {
  const path = join(SOLVER, file);
  if (!existsSync(path)) throw new Error(`${path} is missing: npm run build comes first`);
  return jest.requireActual<object>(path) as Module;
};

/** Longest time in which the thread did not come to anything else. */
const longestStallWhile = async (work: Promise<unknown>): Promise<number> => {
  let longest = 0;
  let last = performance.now();
  const ticking = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  try {
    await work;
  } finally {
    clearInterval(ticking);
  }
  return longest;
};

describe('a choice of moves', () => {
  const { choose } = built<Solver>('solver.js');
  const { largeFleet } = built<Fixture>('proposal-inputs.fixture.js');

  it('is made beside whoever asks for it', async () => {
    const inputs = largeFleet(4_800, 40);
    const began = performance.now();
    const choice = choose(inputs, { withinSeconds: 20 });
    const stalled = await longestStallWhile(choice);
    const took = performance.now() - began;
    expect((await choice).moves.length).toBeGreaterThan(0);
    expect(stalled).toBeLessThan(took / 2);
  });

  it('is given up when whoever asked ends', async () => {
    const ending = new AbortController();
    const choice = choose(largeFleet(4_800, 40), { withinSeconds: 20 }, ending.signal);
    setTimeout(() => ending.abort(), 50);
    await expect(choice).rejects.toThrow('thread ended');
  });
});
