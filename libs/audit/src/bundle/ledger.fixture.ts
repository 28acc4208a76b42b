import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { customerAggregate } from '@hostledger/contracts';
import { startNodeInProcess, type RunningNode } from '@hostledger/embedded-node';
import { AggregateStore, deriveId, type CommandContext } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { eventSchemas } from '@hostledger/feed';
import { checkpointsAggregate } from '../domain/checkpoints.js';
import { notaryKeysAggregate } from '../domain/notary-keys.js';
import { signCheckpoint } from '../transparency/checkpoint.js';
import { signRotation } from '../transparency/key-rotation.js';
import { leafHash, leafLine } from '../transparency/leaf.js';
import { TreeHead } from '../transparency/merkle.js';
import { makeSignerKey, type SignerKey } from '../transparency/signed-note.js';
import type { ExportSource, KeptLeaves } from './export.js';
import { exportToFile } from './export-file.js';
import { isSystem } from './format.js';

export const ORIGIN = 'ledger.example/log';
/** So that a short history has several segments. */
const SEGMENT_EVENTS = 7;
export const MADE_AT = '2024-06-01T00:00:00.000Z';

/** A history in a real node, made by the aggregates, with a notary that signs when it is told to. */
export class Ledger {
  private acts = 0;
  private day: string | undefined;

  private constructor(
    readonly directory: string,
    private node: RunningNode,
    public events: EventStore,
    private aggregates: AggregateStore,
    public key: SignerKey,
  ) {}

  static async open(
    directory = mkdtempSync(join(tmpdir(), 'hostledger-ledger-')),
    key = makeSignerKey(ORIGIN),
  ): Promise<Ledger> {
    const { node, events } = await serve(directory);
    return new Ledger(directory, node, events, new AggregateStore(events), key);
  }

  /** Registers a customer and changes his standing so often. */
  async customer(name: string, changes = 0): Promise<string> {
    const id = deriveId('customer', name);
    const data = { customerId: id, name, legalName: `${name} Limited`, country: 'CN' };
    await this.aggregates.handle(
      customerAggregate,
      id,
      { type: 'RegisterCustomer', data, at: AT },
      this.context(),
    );
    for (let n = 0; n < changes; n += 1) await this.change(id, n % 2 === 0 ? 'watch' : 'good');
    return `customer-${id}`;
  }

  async change(customerId: string, standing: 'good' | 'watch'): Promise<void> {
    const data = { standing, cause: `Review ${this.acts}` };
    await this.aggregates.handle(
      customerAggregate,
      customerId.replace('customer-', ''),
      { type: 'ChangeCreditStanding', data, at: AT },
      this.context(),
    );
  }

  async adopt(): Promise<void> {
    await this.aggregates.handle(
      notaryKeysAggregate,
      ORIGIN,
      {
        type: 'AdoptNotaryKey',
        data: { origin: ORIGIN, verifierKey: this.key.verifier.text },
        at: AT,
      },
      this.context(),
    );
  }

  async rotate(to = makeSignerKey(ORIGIN), time = new Date().toISOString()): Promise<void> {
    const from = this.key.verifier.text;
    const statement = signRotation(ORIGIN, this.key, to, time);
    const signedBy = [from, to.verifier.text];
    const data = { origin: ORIGIN, from, to: to.verifier.text, statement, signedBy };
    await this.aggregates.handle(
      notaryKeysAggregate,
      ORIGIN,
      { type: 'RotateNotaryKey', data, at: AT },
      this.context(),
    );
    this.key = to;
  }

  /** Signs all there is, and records it. @returns the note. */
  async sign(time?: string, by = this.key): Promise<string> {
    const { leaves, position, recordedAt } = await this.leaves();
    const tree = new TreeHead();
    for (const leaf of leaves) tree.append(leaf);
    const at = time ?? recordedAt;
    this.day ??= at.slice(0, 10);
    const checkpoint = { origin: ORIGIN, size: tree.size, root: tree.root(), position, time: at };
    const note = signCheckpoint(checkpoint, by);
    const data = {
      day: this.day,
      after: null,
      origin: ORIGIN,
      treeSize: tree.size,
      rootHash: checkpoint.root.toString('base64'),
      position: position.toString(),
      time: at,
      note,
    };
    await this.aggregates.handle(
      checkpointsAggregate,
      this.day,
      { type: 'SignCheckpoint', data, at: AT },
      this.context(),
    );
    return note;
  }

  async witness(note: string, cosignature: string, witness: string): Promise<void> {
    const [, size, rootHash] = note.split('\n');
    const data = { treeSize: Number(size), rootHash: rootHash!, witness, cosignature };
    await this.aggregates.handle(
      checkpointsAggregate,
      this.day!,
      { type: 'WitnessCheckpoint', data, at: AT },
      this.context(),
    );
  }

  /** The tree as the notary would keep it, by what the log says now. */
  async keptLeaves(): Promise<KeptLeaves> {
    const { leaves } = await this.leaves();
    return {
      size: leaves.length,
      hashes: (from, to) => Promise.resolve(Buffer.concat(leaves.slice(from, to))),
    };
  }

  source(kept?: KeptLeaves): ExportSource {
    const schemas = new Map(
      [...eventSchemas].map(([type, { schema }]) => [type, schema as object]),
    );
    return { log: this.events, schemas, ...(kept && { kept }), segmentEvents: SEGMENT_EVENTS };
  }

  async export(path: string, kept?: KeptLeaves): Promise<string> {
    await exportToFile(path, this.source(kept), { after: 0n }, MADE_AT);
    return path;
  }

  /** Changes the file of the node while it is down. */
  async tamper(statement: string, ...values: SQLInputValue[]): Promise<void> {
    await this.down();
    const file = new DatabaseSync(join(this.directory, 'log.sqlite'));
    file.prepare(statement).run(...values);
    file.close();
    await this.up();
  }

  /** Another history with the same past. */
  async copy(): Promise<Ledger> {
    await this.down();
    const directory = mkdtempSync(join(tmpdir(), 'hostledger-ledger-'));
    cpSync(this.directory, directory, { recursive: true, filter: (path) => !/\.sock$/.test(path) });
    await this.up();
    const copied = await Ledger.open(directory, this.key);
    copied.acts = this.acts + 1_000;
    copied.day = this.day;
    return copied;
  }

  async close(): Promise<void> {
    await this.down();
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async down(): Promise<void> {
    await this.events.close();
    await this.node.stop();
  }

  private async up(): Promise<void> {
    const { node, events } = await serve(this.directory);
    this.node = node;
    this.events = events;
    this.aggregates = new AggregateStore(events);
  }

  private async leaves() {
    const leaves: Buffer[] = [];
    let position = 0n;
    let recordedAt = MADE_AT;
    for await (const batch of this.events.readLog(0n, await this.events.head())) {
      for (const event of batch) {
        if (isSystem(event.type)) continue;
        leaves.push(leafHash(leafLine(event)));
        ({ position, recordedAt } = event);
      }
    }
    return { leaves, position, recordedAt };
  }

  private context(): CommandContext {
    this.acts += 1;
    return {
      commandId: deriveId('act', this.acts),
      actor: { subject: 'ada', role: 'commercial' },
      correlationId: 'correlation',
      causationId: 'causation',
      at: AT,
    };
  }
}

const AT = '2024-05-01T12:00:00.000Z';

const serve = async (
  directory: string,
): Promise<{ readonly node: RunningNode; readonly events: EventStore }> => {
  const node = await startNodeInProcess({ directory });
  const events = new EventStore({ connection: { endpoint: node.endpoint }, callTimeoutMs: 30_000 });
  return { node, events };
};
