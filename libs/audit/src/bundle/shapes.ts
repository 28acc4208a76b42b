import { z } from 'zod';
import { BUNDLE_FORMAT, BUNDLE_VERSION } from './format.js';

// The entries of a bundle as a verifier takes them: exactly so, or not at all.

const number64 = z.string().regex(/^(0|[1-9]\d{0,18})$/);
const base64Hash = z.string().regex(/^[A-Za-z0-9+/]{43}=$/);
const count = z.int().min(0);
const text = z.string();
/** A tree of 2^53 leaves has no longer proof. */
const proof = z.array(base64Hash).max(128);
const head = { format: z.literal(BUNDLE_FORMAT), version: z.literal(BUNDLE_VERSION) };

export const headShape = z.strictObject({
  ...head,
  after: number64,
  until: number64,
  toEnd: z.boolean(),
  head: number64,
  madeAt: z.iso.datetime(),
  keptLeaves: count,
  before: z
    .strictObject({
      events: count,
      subtrees: z.array(base64Hash).max(64),
      checkpoint: text.nullable(),
    })
    .nullable(),
});

export const manifestShape = z.strictObject({
  ...head,
  events: count,
  streams: count,
  firstPosition: number64.nullable(),
  lastPosition: number64.nullable(),
  head: number64,
  treeSize: count,
  rootHash: base64Hash,
  eventsByType: z.record(text, count),
  eventsByCategory: z.record(text, count),
  entries: z.array(
    z.strictObject({ name: text, size: count, sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  ),
});

/** Nobody changes a key every hour for a year. */
const MAX_KEYS = 10_000;

export const keysShape = z
  .array(
    z.strictObject({ position: number64, index: count, key: text, statement: text.nullable() }),
  )
  .max(MAX_KEYS);

export const proofsShape = z.strictObject({
  inclusion: z
    .strictObject({ position: number64, index: count, treeSize: count, hashes: proof })
    .nullable(),
});

export const checkpointLineShape = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('signed'),
    position: number64,
    note: text,
    consistency: proof.nullable(),
  }),
  z.strictObject({
    kind: z.literal('witnessed'),
    position: number64,
    treeSize: count,
    rootHash: text,
    witness: text,
    cosignature: text,
  }),
]);

export const interferenceShape = z.strictObject({
  position: number64,
  recordedAt: text,
  stream: text,
  about: text.nullable(),
  kind: z.enum(['hides', 'deletes', 'metadata', 'settings', 'scavenge', 'users']),
  detail: z.record(text, z.unknown()),
});

export const streamLineShape = z.strictObject({
  stream: text,
  events: count,
  firstPosition: number64,
  lastPosition: number64,
  firstRevision: number64,
  lastRevision: number64,
});
