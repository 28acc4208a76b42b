import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';

// Signed notes: a text, an empty line, and a line for each signature. Source: https://c2sp.org/signed-note.

const ED25519 = 1;
/** Ed25519 by a witness, of the note and the time at which it was seen. Source: https://c2sp.org/tlog-cosignature. */
const COSIGNATURE = 4;
const KEY_BYTES = 32;
const KEY_ID_BYTES = 4;
const SIGNATURE_BYTES = 64;
const TIME_BYTES = 8;
const MAX_NOTE_CHARACTERS = 1_000_000;
const MAX_SIGNATURES = 100;

export type SignatureKind = 'ed25519' | 'cosignature';

/** Whose signatures are believed; written `<name>+<key id in hex>+<base64 of kind and public key>`. */
export interface VerifierKey {
  readonly name: string;
  readonly kind: SignatureKind;
  /** 8 hex digits. */
  readonly keyId: string;
  readonly text: string;
  readonly publicKey: KeyObject;
}

/** Who signs. The text of the key, to be kept secret, is `PRIVATE+KEY+<name>+<key id>+<base64 of kind and seed>`. */
export interface SignerKey {
  readonly verifier: VerifierKey;
  readonly privateKey: KeyObject;
  readonly secret: string;
}

/** One line below a note. */
export interface NoteSignature {
  readonly name: string;
  readonly keyId: string;
  readonly bytes: Buffer;
  /** The line, without its line feed. */
  readonly line: string;
}

export interface SignedNote {
  /** With the line feed at its end. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** The text is no key, or no note. */
export class MalformedNote extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MalformedNote';
  }
}

/** @throws MalformedNote */
export const parseVerifierKey = (text: string): VerifierKey => {
  const [name = '', keyId = '', ...rest] = text.trim().split('+');
  const bytes = decoded(rest.join('+'), KEY_BYTES + 1, 'The key');
  const key = verifierKey(name, bytes[0]!, bytes.subarray(1));
  if (key.keyId !== keyId) throw new MalformedNote(`The id of the key ${name} is not ${keyId}`);
  return key;
};

/** @throws MalformedNote */
export const parseSignerKey = (secret: string): SignerKey => {
  const [, name = '', keyId = '', encoded = ''] =
    /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(secret.trim()) ?? [];
  if (encoded === '') throw new MalformedNote('The text is no private key of a signed note');
  const bytes = decoded(encoded, KEY_BYTES + 1, 'The private key');
  const signer = signerKey(name, bytes[0]!, bytes.subarray(1));
  if (signer.verifier.keyId !== keyId)
    throw new MalformedNote(`The id of the key ${name} is wrong`);
  return signer;
};

/** A new key under a name, by chance. */
export const makeSignerKey = (name: string, kind: SignatureKind = 'ed25519'): SignerKey => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const seed = Buffer.from(privateKey.export({ format: 'jwk' }).d!, 'base64url');
  return signerKey(name, kind === 'ed25519' ? ED25519 : COSIGNATURE, seed);
};

/**
 * @throws MalformedNote when it does not end its text by an empty line, or a signature line is none;
 *   whether signatures hold is not looked at.
 */
export const parseNote = (note: string): SignedNote => {
  if (note.length > MAX_NOTE_CHARACTERS) throw new MalformedNote('The note is too long');
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) throw new MalformedNote('The text is no signed note');
  const text = note.slice(0, end + 1);
  if (hasControls(text)) throw new MalformedNote('The note has control characters');
  const lines = note.slice(end + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) throw new MalformedNote('The note has too many signatures');
  return { text, signatures: lines.map(parseSignature) };
};

/** @throws MalformedNote */
export const parseSignature = (line: string): NoteSignature => {
  const [, name = '', encoded = ''] = /^— ([^\s+]+) (\S+)$/.exec(line) ?? [];
  const bytes = decoded(encoded, undefined, 'The signature');
  if (name === '' || bytes.length <= KEY_ID_BYTES) {
    throw new MalformedNote('The line is no signature of a note');
  }
  const keyId = bytes.subarray(0, KEY_ID_BYTES).toString('hex');
  return { name, keyId, bytes: bytes.subarray(KEY_ID_BYTES), line };
};

export const noteText = ({ text, signatures }: SignedNote): string =>
  `${text}\n${signatures.map(({ line }) => `${line}\n`).join('')}`;

/** Puts one more signature below a text that ends with a line feed. @param atSeconds of a cosignature. */
export const signNote = (
  note: SignedNote,
  { verifier, privateKey }: SignerKey,
  atSeconds?: number,
): SignedNote => {
  const signature = sign(null, Buffer.from(signedText(note.text, atSeconds)), privateKey);
  const time = Buffer.alloc(atSeconds === undefined ? 0 : TIME_BYTES);
  if (atSeconds !== undefined) time.writeBigUInt64BE(BigInt(atSeconds));
  const bytes = Buffer.concat([Buffer.from(verifier.keyId, 'hex'), time, signature]);
  const line = `— ${verifier.name} ${bytes.toString('base64')}`;
  return { ...note, signatures: [...note.signatures, parseSignature(line)] };
};

/** What a key says of a note. */
export type KeyVerdict =
  | {
      readonly signed: true;
      /** Of a cosignature: when the witness saw it. */ readonly at?: string;
    }
  | { readonly signed: false; readonly why: 'no-signature' | 'forged' };

/** Whether the note bears a signature of the key that holds; each that bears its name and id must. */
export const verifyNote = ({ text, signatures }: SignedNote, key: VerifierKey): KeyVerdict => {
  const own = signatures.filter(({ name, keyId }) => name === key.name && keyId === key.keyId);
  if (own.length === 0) return { signed: false, why: 'no-signature' };
  let at: string | undefined;
  for (const { bytes } of own) {
    const timed = key.kind === 'cosignature';
    if (bytes.length !== SIGNATURE_BYTES + (timed ? TIME_BYTES : 0)) {
      return { signed: false, why: 'forged' };
    }
    const seconds = timed ? Number(bytes.readBigUInt64BE()) : undefined;
    const signature = bytes.subarray(timed ? TIME_BYTES : 0);
    if (!verify(null, Buffer.from(signedText(text, seconds)), key.publicKey, signature)) {
      return { signed: false, why: 'forged' };
    }
    if (seconds !== undefined) at = new Date(seconds * 1000).toISOString();
  }
  return at === undefined ? { signed: true } : { signed: true, at };
};

const signedText = (text: string, atSeconds: number | undefined): string =>
  atSeconds === undefined ? text : `cosignature/v1\ntime ${atSeconds}\n${text}`;

const verifierKey = (name: string, kind: number, bytes: Buffer): VerifierKey => {
  if (!/^[^\s+]+$/.test(name))
    throw new MalformedNote('The name of a key has no space and no plus');
  if (kind !== ED25519 && kind !== COSIGNATURE) throw new MalformedNote(`No key of kind ${kind}`);
  const coded = Buffer.concat([Buffer.from([kind]), bytes]);
  const named = Buffer.concat([Buffer.from(`${name}\n`), coded]);
  const keyId = hash('sha256', named, 'buffer').subarray(0, KEY_ID_BYTES).toString('hex');
  return {
    name,
    kind: kind === ED25519 ? 'ed25519' : 'cosignature',
    keyId,
    text: `${name}+${keyId}+${coded.toString('base64')}`,
    publicKey: createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') },
      format: 'jwk',
    }),
  };
};

/** DER before the 32 bytes of an Ed25519 seed. Source: RFC 8410, 7. */
const PKCS8_BEFORE_SEED = Buffer.from('302e020100300506032b657004220420', 'hex');

const signerKey = (name: string, kind: number, seed: Buffer): SignerKey => {
  const der = Buffer.concat([PKCS8_BEFORE_SEED, seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  const verifier = verifierKey(name, kind, Buffer.from(x!, 'base64url'));
  const coded = Buffer.concat([Buffer.from([kind]), seed]).toString('base64');
  return { verifier, privateKey, secret: `PRIVATE+KEY+${name}+${verifier.keyId}+${coded}` };
};

const decoded = (base64: string, length: number | undefined, what: string): Buffer => {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.toString('base64') !== base64 || (length !== undefined && bytes.length !== length)) {
    throw new MalformedNote(`${what} is not base64 of the right length`);
  }
  return bytes;
};

/** All but line feeds below the space. */
const hasControls = (text: string): boolean => /[^\P{Cc}\n]/u.test(text);
