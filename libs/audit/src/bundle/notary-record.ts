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

/** Whether a stream is the notary's own, of which nothing follows for the domain. */
export const isOfNotary = (stream: string): boolean =>
  stream.startsWith('notary-') || stream.startsWith('notaryKeys-');

/** The stream of the keys of a log, by one of its verifier keys, which bears the name of the log. */
export const keyStreamOf = (verifierKey: string): string =>
  `notaryKeys-${verifierKey.split('+', 1)[0]!}`;

/** Tells the records of one notary in the order of the log: keys of a log of another name are not its own. */
export class NotaryRecords {
  /** @param keyStream where the keys are; that of the first one where it is left out. */
  constructor(private keyStream?: string) {}

  of(event: Pick<RecordedEvent, 'type' | 'stream' | 'data'>): NotaryRecord | undefined {
    const record = notaryRecordOf(event);
    if (record?.kind !== 'key') return record;
    this.keyStream ??= event.stream;
    return event.stream === this.keyStream ? record : undefined;
  }
}

/** Undefined of all events but those of the notary, and of those whose data is not what it writes. */
const notaryRecordOf = ({
  type,
  stream,
  data,
}: Pick<RecordedEvent, 'type' | 'stream' | 'data'>): NotaryRecord | undefined => {
  const category = Object.hasOwn(CATEGORIES, type) ? CATEGORIES[type] : undefined;
  if (category === undefined || categoryOf(stream) !== category) return undefined;
  const record = recordOf(type, data as Record<string, unknown> | null);
  return Object.values(record).includes(undefined) ? undefined : (record as NotaryRecord);
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
