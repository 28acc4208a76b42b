import { setTimeout as sleep } from 'node:timers/promises';
import { openToAll } from './access.js';
import { Door } from './door.js';
import { FaultSwitchboard, type Faults } from './faults.js';
import { EventLog } from './log.js';
import { DEFAULT_LIMITS } from './messages.js';
import type { Member, Place } from './place.js';
import { createServer, insecure } from './server.js';
import { LogView, writtenTo } from './view.js';

const HOST = '127.0.0.1';
/** Below the ephemeral range, where a client's retries could connect to themselves. */
const FIRST_PORT = 20_000;
const PORTS = 12_000;

/** In milliseconds; the defaults are about what a real cluster takes with its own defaults. */
export interface FrontTimes {
  /** Until the others notice that the leader is gone; so long gossip still names it. */
  readonly detection: number;
  /** Then nobody leads until an election of that length is over. */
  election: number;
  /** A leader that has lost the others takes itself for one so long, and can commit nothing. */
  readonly deposed: number;
  /** Until an append that cannot be committed is answered with a time-out. */
  readonly write: number;
  /** How late followers see what was committed. */
  readonly followerLag: number;
}

export const FRONT_TIMES: FrontTimes = {
  detection: 1_500,
  election: 1_500,
  deposed: 3_000,
  write: 2_000,
  followerLag: 30,
};

interface Front {
  readonly index: number;
  readonly door: Door;
  readonly view: LogView;
  readonly faults: FaultSwitchboard;
  readonly stop: () => void;
  standing: Member['standing'];
  /** Whom it takes for the leader. */
  leader: number | undefined;
  /** Whether the other fronts hear of it. */
  isHeard: boolean;
  /** Whether it is known to be gone. */
  isMissed: boolean;
}

/**
 * Several servers over one log, which say among each other who leads: a cluster for tests of clients.
 * Each has a port of its own, follows or leads, and goes through what the servers of a real cluster do
 * when one is killed or cut off. The log is one, so that it cannot show what real servers may lose of
 * theirs: a leader's events that no other has are never cut off here, only never written.
 */
export class Fronts {
  private readonly fronts: Front[] = [];
  private readonly over = new AbortController();
  /** Of elections; one that a later one has overtaken has no effect. */
  private epoch = 0;

  private constructor(
    private readonly log: EventLog,
    private readonly times: FrontTimes,
  ) {}

  static async start(options: {
    readonly directory: string;
    readonly count?: number;
    readonly times?: Partial<FrontTimes>;
  }): Promise<Fronts> {
    const fronts = new Fronts(new EventLog(options.directory), {
      ...FRONT_TIMES,
      ...options.times,
    });
    const { count = 3 } = options;
    for (let index = 0; index < count; index += 1) await fronts.add(index);
    fronts.appoint(0);
    return fronts;
  }

  /** Names all of them as places to begin a discovery at. */
  get connectionString(): string {
    return `esdb://${this.fronts.map(({ door }) => `${HOST}:${door.port}`).join(',')}?tls=false`;
  }

  get ports(): readonly number[] {
    return this.fronts.map(({ door }) => door.port);
  }

  /** The one that can commit; undefined while nobody is elected. */
  get leader(): number | undefined {
    return this.fronts.find(({ standing, isHeard }) => standing === 'leader' && isHeard)?.index;
  }

  faultsOf(index: number): Faults {
    return this.fronts[index]!.faults;
  }

  /** `kill -9`: its connections break, new ones are refused. */
  async kill(index: number): Promise<void> {
    const front = this.fronts[index]!;
    this.lose(index);
    front.standing = 'unknown';
    front.leader = undefined;
    await front.door.shut();
  }

  /** Starts one again that was killed; it follows. */
  async revive(index: number): Promise<void> {
    await this.fronts[index]!.door.open();
    this.rejoin(index);
  }

  /** Cuts the network to it: from clients and from the other fronts. Nobody is told. */
  cut(index: number): void {
    this.fronts[index]!.door.freeze();
    this.lose(index);
  }

  /** Cuts it off from the other fronts alone: clients go on to reach it, and for a while it claims to lead. */
  isolate(index: number): void {
    this.lose(index);
  }

  /** Mends {@link cut} and {@link isolate}. */
  heal(index: number): void {
    this.fronts[index]!.door.thaw();
    this.rejoin(index);
  }

  /** An election without a fault, as where an operator has the leader resign. Another one wins it. */
  resign(): void {
    const { leader } = this;
    if (leader !== undefined) this.elect(leader);
  }

  /** How long elections take from now on. */
  setElection(ms: number): void {
    this.times.election = ms;
  }

  async stop(): Promise<void> {
    this.over.abort();
    this.epoch += 1;
    for (const { door, view, stop } of this.fronts) {
      await door.shut();
      view.close();
      stop();
    }
    await this.log.close();
  }

  private async add(index: number): Promise<void> {
    const { log } = this;
    const faults = new FaultSwitchboard(log);
    const view = new LogView(log);
    const place = this.placeOf(index);
    const access = openToAll(writtenTo(log, view));
    const server = createServer({ access, place, faults, limits: DEFAULT_LIMITS });
    const port = await new Promise<number>((done, failed) =>
      server.bindAsync(`${HOST}:0`, insecure(), (error, bound) =>
        error ? failed(error) : done(bound),
      ),
    );
    const door = await openDoor({ host: HOST, port });
    this.fronts.push({
      index,
      door,
      view,
      faults,
      stop: () => server.forceShutdown(),
      standing: 'follower',
      leader: 0,
      isHeard: true,
      isMissed: false,
    });
  }

  private placeOf(index: number): Place {
    const self = (): Front => this.fronts[index]!;
    const endpoint = (of: number) => ({ host: HOST, port: this.fronts[of]!.door.port });
    return {
      members: () => this.fronts.map((front) => this.memberAsSeenBy(self(), front)),
      refusal: (requiresLeader) => {
        const { standing, leader } = self();
        if (standing === 'leader') return undefined;
        if (standing === 'unknown' || leader === undefined) return 'not-ready';
        return requiresLeader ? { leader: endpoint(leader) } : undefined;
      },
      commits: async () => {
        // A follower hands on to the leader, whom it may not reach either.
        const { standing, leader, isHeard } = self();
        const committer = standing === 'leader' ? self() : this.fronts[leader ?? index]!;
        if (isHeard && committer.isHeard && committer.standing === 'leader') return true;
        await sleep(this.times.write, undefined, { signal: this.over.signal }).catch(
          () => undefined,
        );
        return false;
      },
    };
  }

  private memberAsSeenBy(observer: Front, { index, door, isMissed }: Front): Member {
    const at = { host: HOST, port: door.port };
    if (observer.index === index) return { ...at, standing: observer.standing, isAlive: true };
    const standing =
      observer.standing === 'unknown'
        ? 'unknown'
        : observer.leader === index
          ? 'leader'
          : 'follower';
    return { ...at, standing, isAlive: observer.isHeard ? !isMissed : true };
  }

  /** The others hear nothing of it any more; if it leads, they will choose another one. */
  private lose(index: number): void {
    const lost = this.fronts[index]!;
    const led = lost.standing === 'leader';
    lost.isHeard = false;
    lost.view.setLag('frozen');
    this.epoch += led ? 1 : 0;
    const { epoch } = this;
    this.later(this.times.detection, () => {
      lost.isMissed = !lost.isHeard;
      if (led && epoch === this.epoch) this.elect(index);
    });
    this.later(this.times.deposed, () => {
      if (lost.isHeard) return;
      lost.standing = 'unknown';
      lost.leader = undefined;
    });
  }

  private rejoin(index: number): void {
    const front = this.fronts[index]!;
    const elected = this.leader;
    // It led and is back before anybody noticed.
    const leads = elected === undefined && front.standing === 'leader' && !front.isMissed;
    front.isHeard = true;
    front.isMissed = false;
    if (leads) {
      this.epoch += 1;
      front.view.setLag(0);
      return;
    }
    front.leader = elected;
    front.standing = elected === undefined ? 'unknown' : 'follower';
    front.view.setLag(this.times.followerLag);
    // An election may be under way, or too few were left for one.
    if (elected === undefined) this.elect(index);
  }

  /** Nobody leads until one of those that hear each other is chosen; without a majority nobody is. */
  private elect(outgoing: number): void {
    this.epoch += 1;
    const { epoch } = this;
    for (const front of this.heard()) {
      front.standing = 'unknown';
      front.leader = undefined;
    }
    this.later(this.times.election, () => {
      const heard = this.heard();
      if (epoch !== this.epoch || heard.length * 2 <= this.fronts.length) return;
      this.appoint((heard.find(({ index }) => index !== outgoing) ?? heard[0]!).index);
    });
  }

  private heard(): Front[] {
    return this.fronts.filter(({ isHeard }) => isHeard);
  }

  private appoint(leader: number): void {
    for (const front of this.heard()) {
      const leads = front.index === leader;
      front.standing = leads ? 'leader' : 'follower';
      front.leader = leader;
      front.view.setLag(leads ? 0 : this.times.followerLag);
    }
  }

  private later(ms: number, act: () => void): void {
    void sleep(ms, undefined, { signal: this.over.signal }).then(act, () => undefined);
  }
}

const openDoor = async (target: { host: string; port: number }): Promise<Door> => {
  for (;;) {
    const door = new Door(FIRST_PORT + Math.floor(Math.random() * PORTS), target);
    try {
      await door.open();
      return door;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
};
