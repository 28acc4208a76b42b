import type { RecordedEvent } from '@hostledger/eventsourcing';
import { BundleFile, MalformedBundle } from './bundle-file.js';
import { recordedOf, shapeFault, type EventLine } from './event-line.js';
import { HEAD_ENTRY, MANIFEST_ENTRY, segmentOf, type BundleHead, type Manifest } from './format.js';

const MAX_SEGMENT_BYTES = 64 * 1024 * 1024;
const MAX_JSON_BYTES = 512 * 1024 * 1024;

/**
 * Reads what a bundle says, for those who compute from it. Whether it is true is not looked at: a bundle is
 * to be verified first.
 */
export class BundleReader {
  private constructor(
    private readonly file: BundleFile,
    readonly head: BundleHead,
    readonly manifest: Manifest,
  ) {}

  /** @throws MalformedBundle where the archive is not whole. */
  static async open(path: string): Promise<BundleReader> {
    const file = await BundleFile.open(path);
    try {
      if (file.fault) throw new MalformedBundle(file.fault);
      const head = (await jsonOf(file, HEAD_ENTRY)) as BundleHead;
      return new BundleReader(file, head, (await jsonOf(file, MANIFEST_ENTRY)) as Manifest);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /**
   * All events in the order of the log, as they are in the store, not lifted to newer shapes.
   * @param until up to and with this position.
   */
  async *events(until?: bigint): AsyncGenerator<RecordedEvent> {
    for (const entry of this.file.entries) {
      const segment = segmentOf(entry.name);
      if (segment?.part !== 'events') continue;
      if (until !== undefined && segment.position > until) return;
      const text = (await this.file.read(entry, MAX_SEGMENT_BYTES)).toString('utf8');
      for (const line of text.split('\n')) {
        if (line === '') continue;
        const event = eventOf(line, entry.name);
        if (until !== undefined && event.position > until) return;
        yield event;
      }
    }
  }

  /** Of the events those that issue a statement of what is owed. */
  async *statements(until?: bigint): AsyncGenerator<RecordedEvent> {
    for await (const event of this.events(until)) {
      if (event.type === 'StatementIssued') yield event;
    }
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}

const eventOf = (line: string, entry: string): RecordedEvent => {
  const value = parsed(line, entry);
  const fault = shapeFault(value);
  if (fault) throw new MalformedBundle(`${entry} has a line that is no event: ${fault}`);
  return recordedOf(value as EventLine);
};

const jsonOf = async (file: BundleFile, name: string): Promise<unknown> => {
  const entry = file.entry(name);
  if (!entry) throw new MalformedBundle(`There is no ${name}`);
  return parsed((await file.read(entry, MAX_JSON_BYTES)).toString('utf8'), name);
};

const parsed = (text: string, entry: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new MalformedBundle(`${entry} is no JSON: ${(error as Error).message}`);
  }
};
