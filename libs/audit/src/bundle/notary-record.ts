import type { RecordedEvent } from '@hostledger/eventsourcing';
import type { CheckpointSigned, CheckpointWitnessed } from '../domain/checkpoints.js';
import type { NotaryKeyAdopted, NotaryKeyRotated } from '../domain/notary-keys.js';
import { categoryOf } from './format.js';

/** An event of the notary as bundles tell it. */
export type NotaryRecord =
  | { readonly kind: 'key'; readonly key: string; readonly statement: string | null }
  | ({ readonly kind: 'signed' } & Pick<CheckpointSigned['data'], 'treeSize' | 'position' | 'note'>)
  | ({ readonly kind: 'witnessed' } & CheckpointWitnessed['data']);

const CATEGORIES: Readonly<Record<string, string>> = {
  NotaryKeyAdopted: 'notaryKeys',
  NotaryKeyRotated: 'notaryKeys',
  CheckpointSigned: 'notary',
  CheckpointWitnessed: 'notary',
} satisfies Record<
  (NotaryKeyAdopted | NotaryKeyRotated | CheckpointSigned | CheckpointWitnessed)['type'],
  string
>;

/** The name of the log, by one of its verifier keys, which bears it. */
export const originOf = (verifierKey: string): string => verifierKey.split('+', 1)[0]!;

/**
 * Tells the records of one notary in the order of the log. Keys of a log of another name are not its own, and
 * whoever repeats how a key came into force puts none in force again.
 */
export class NotaryRecords {
  private keyStream: string | undefined;

  /**
   * @param keyInForce at the beginning; left out where there is none.
   * @param origin of the log; that of the first key where it is left out.
   */
  constructor(
    private keyInForce?: string,
    origin?: string,
  ) {
    this.keyStream = origin === undefined ? undefined : `notaryKeys-${origin}`;
  }

  of(event: Pick<RecordedEvent, 'type' | 'stream' | 'data'>): NotaryRecord | undefined {
    const record = notaryRecordOf(event);
    if (record?.kind !== 'key') return record;
    this.keyStream ??= event.stream;
    if (event.stream !== this.keyStream) return undefined;
    const { from } = event.data as { readonly from?: unknown };
    const goesOn =
      record.statement === null ? this.keyInForce === undefined : from === this.keyInForce;
    if (!goesOn) return undefined;
    this.keyInForce = record.key;
    return record;
  }
}

/** How many the data of each has. */
const FIELDS: Readonly<Record<string, number>> = {
  NotaryKeyAdopted: 2,
  NotaryKeyRotated: 4,
  CheckpointSigned: 6,
  CheckpointWitnessed: 4,
};

/** Undefined of all events but those of the notary, and of those whose data is not what it writes. */
const notaryRecordOf = ({
  type,
  stream,
  data,
}: Pick<RecordedEvent, 'type' | 'stream' | 'data'>): NotaryRecord | undefined => {
  const category = Object.hasOwn(CATEGORIES, type) ? CATEGORIES[type] : undefined;
  if (category === undefined || categoryOf(stream) !== category) return undefined;
  const fields = data as Record<string, unknown> | null;
  const record = recordOf(type, fields);
  if (Object.values(record).includes(undefined)) return undefined;
  // More than it writes is not said by it, and might say anything.
  return Object.keys(fields!).length === FIELDS[type] ? (record as NotaryRecord) : undefined;
};

const recordOf = (type: string, data: Record<string, unknown> | null): Record<string, unknown> => {
  switch (type) {
    case 'NotaryKeyAdopted':
      return { kind: 'key', key: text(data?.['verifierKey']), statement: null };
    case 'NotaryKeyRotated':
      return { kind: 'key', key: text(data?.['to']), statement: text(data?.['statement']) };
    case 'CheckpointSigned':
      return {
        kind: 'signed',
        treeSize: size(data?.['treeSize']),
        position: text(data?.['position']),
        note: text(data?.['note']),
      };
    default:
      return {
        kind: 'witnessed',
        treeSize: size(data?.['treeSize']),
        rootHash: text(data?.['rootHash']),
        witness: text(data?.['witness']),
        cosignature: text(data?.['cosignature']),
      };
  }
};

const text = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;
const size = (value: unknown): number | undefined =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
