import { isDeepStrictEqual } from 'node:util';
import type { Findings } from './findings.js';
import type { CheckpointLine, KeyLine } from './format.js';
import type { NotaryRecord } from './notary-record.js';

/**
 * Whether keys and checkpoints that are listed beside the events are those of the events: what is signed
 * holds by itself, but a list may leave something out.
 */
export class NotaryListing {
  private expected: readonly CheckpointLine[] = [];
  private met = 0;
  private nextKey: number;

  /** @param before events that are not in the bundle, whose keys are listed nevertheless. */
  constructor(
    private readonly keys: readonly KeyLine[],
    before: number,
    private readonly findings: Findings,
  ) {
    const first = keys.findIndex(({ index }) => index >= before);
    this.nextKey = first < 0 ? keys.length : first;
  }

  expect(lines: readonly CheckpointLine[]): void {
    this.expected = lines;
    this.met = 0;
  }

  pass(record: NotaryRecord, position: string, index: number): void {
    if (record.kind === 'key') {
      const { key, statement } = record;
      const listed = this.keys[this.nextKey];
      this.nextKey += 1;
      if (!isDeepStrictEqual(listed, { position, index, key, statement })) {
        this.differs(`The list of keys says otherwise than the event at ${position}`);
      }
      return;
    }
    const listed = this.expected[this.met];
    this.met += 1;
    const same =
      listed?.position === position &&
      (listed.kind === 'signed'
        ? record.kind === 'signed' && record.note === listed.note
        : isDeepStrictEqual(listed, { ...record, position }));
    if (!same) this.differs(`The list of checkpoints says otherwise than the event at ${position}`);
  }

  endOfSegment(): void {
    if (this.met < this.expected.length) {
      this.differs('Checkpoints are listed of which there are no events');
    }
    this.expect([]);
  }

  end(): void {
    if (this.nextKey < this.keys.length)
      this.differs('Keys are listed of which there are no events');
  }

  private differs(message: string): void {
    this.findings.add('manifest-mismatch', message);
  }
}
