import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { makeSignerKey, parseSignerKey, type SignerKey } from '../transparency/signed-note.js';

/** Where the notary's key is. */
export interface NotaryKeySettings {
  /** Name of the log, and of its keys. */
  readonly origin: string;
  /** The key itself. */
  readonly key?: string | undefined;
  /** A file that holds it; without either, one of this installation is made in the data directory. */
  readonly file?: string | undefined;
  readonly dataDir: string;
}

const KEY_FILE = 'notary-key';

/** The private key, and during a rotation the next one beside it, in files that nobody else may read. */
export class NotaryKeyFiles {
  private readonly file: string | undefined;

  constructor(private readonly settings: NotaryKeySettings) {
    const { key, file, dataDir } = settings;
    this.file = key === undefined ? (file ?? join(dataDir, KEY_FILE)) : undefined;
  }

  /** The key to begin with; made where there is none and none is named. @throws for a key that is none. */
  current(): SignerKey {
    const { key, file, origin } = this.settings;
    if (this.file === undefined) return this.parsed(key!, 'NOTARY_KEY');
    const found = this.read(this.file);
    if (found) return found;
    if (file !== undefined) throw new Error(`NOTARY_KEY_FILE: ${file} is not there`);
    const made = makeSignerKey(origin);
    write(this.file, made);
    return made;
  }

  /** The private key of this verifier key, if it is here: also where a rotation was cut off. */
  of(verifierKey: string): SignerKey | undefined {
    const here =
      this.file === undefined
        ? [this.current()]
        : [this.read(this.file), this.read(nextTo(this.file))];
    return here.find((key) => key?.verifier.text === verifierKey);
  }

  /**
   * The key to rotate to, in the file beside the present one, made where a rotation that was cut off
   * has not left one. @param path of another file; needed where the present key is in no file.
   */
  next(path?: string): SignerKey {
    const file = path ?? this.nextFile();
    const found = this.read(file);
    if (found) return found;
    const made = makeSignerKey(this.settings.origin);
    write(file, made);
    return made;
  }

  /** Puts the next key in the place of the present one. */
  promote(): void {
    const next = this.nextFile();
    if (existsSync(next)) moved(next, this.file!);
  }

  private nextFile(): string {
    if (this.file !== undefined) return nextTo(this.file);
    throw new Error('The key is in NOTARY_KEY, where none can be put; name a file for the new one');
  }

  private read(file: string): SignerKey | undefined {
    return existsSync(file) ? this.parsed(readFileSync(file, 'utf8'), file) : undefined;
  }

  private parsed(secret: string, where: string): SignerKey {
    const key = parseSignerKey(secret);
    const { name, kind } = key.verifier;
    if (name === this.settings.origin && kind === 'ed25519') return key;
    throw new Error(`The key in ${where} is one of ${name}, not of ${this.settings.origin}`);
  }
}

const nextTo = (file: string): string => `${file}.next`;

/** Under another name first: the file is there with the whole key or not at all, after a power cut too. */
const write = (file: string, { secret }: SignerKey): void => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(`${file}.new`, `${secret}\n`, { mode: 0o600, flush: true });
  chmodSync(`${file}.new`, 0o600);
  moved(`${file}.new`, file);
};

/** A name that the folder does not keep is lost in a power cut, and what is signed by the key is not. */
const moved = (from: string, to: string): void => {
  renameSync(from, to);
  const folder = openSync(dirname(to), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
};
