import { connect, createServer, type Server, type Socket } from 'node:net';

export type DoorTarget =
  { readonly host: string; readonly port: number } | { readonly path: string };

interface Passage {
  readonly inside: Socket;
  outside: Socket | undefined;
}

/**
 * A door to a server. Shut: open connections break and new ones are refused, as where the server was
 * killed. Frozen: nothing passes and nobody is told, as where the network between was cut.
 */
export class Door {
  private server: Server | undefined;
  private readonly passages = new Set<Passage>();
  private isFrozen = false;

  /** @param port 0 for any free one; {@link port} tells which. */
  constructor(
    private wanted: number,
    private readonly target: DoorTarget,
  ) {}

  get port(): number {
    return this.wanted;
  }

  async open(): Promise<void> {
    this.isFrozen = false;
    const server = createServer((inside) => this.let(inside));
    await new Promise<void>((listening, failed) => {
      server.once('error', failed).listen(this.wanted, '127.0.0.1', listening);
    });
    this.wanted = (server.address() as { port: number }).port;
    this.server = server;
  }

  async shut(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    const closed = server && new Promise((done) => server.close(done));
    for (const { inside, outside } of this.passages) {
      inside.destroy();
      outside?.destroy();
    }
    this.passages.clear();
    await closed;
  }

  freeze(): void {
    this.isFrozen = true;
    for (const { inside, outside } of this.passages) {
      for (const socket of [inside, outside]) socket?.unpipe().pause();
    }
  }

  /** What was held up arrives. */
  thaw(): void {
    this.isFrozen = false;
    this.passages.forEach((passage) => this.join(passage));
  }

  private let(inside: Socket): void {
    const passage: Passage = { inside, outside: undefined };
    this.passages.add(passage);
    inside.on('error', () => inside.destroy());
    inside.on('close', () => {
      this.passages.delete(passage);
      passage.outside?.destroy();
    });
    if (this.isFrozen) inside.pause();
    else this.join(passage);
  }

  private join(passage: Passage): void {
    const { inside } = passage;
    if (!passage.outside) {
      passage.outside = connect(this.target);
      passage.outside.on('error', () => inside.destroy()).on('close', () => inside.destroy());
    }
    inside.pipe(passage.outside).pipe(inside);
  }
}
