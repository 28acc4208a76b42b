// The one form of tar that bundles have: plain files (POSIX ustar), owned by nobody, without a time, so that
// the same entries are the same bytes. Readers accept no other, so that no two of them see other files.

export const BLOCK_BYTES = 512;
/** What eleven octal digits hold. */
const MAX_ENTRY_BYTES = 8 ** 11 - 1;
const MAX_NAME_BYTES = 100;
const NAME = /^[A-Za-z0-9._/-]+$/;

/** The two empty blocks that end an archive. */
export const END_OF_ARCHIVE: Buffer = Buffer.alloc(2 * BLOCK_BYTES);

export interface EntryHead {
  readonly name: string;
  readonly size: number;
}

/** @throws RangeError for a name or size that the form cannot hold. */
export const tarHeader = ({ name, size }: EntryHead): Buffer => {
  if (!NAME.test(name) || name.length > MAX_NAME_BYTES || !(size >= 0 && size <= MAX_ENTRY_BYTES)) {
    throw new RangeError(`No entry of a bundle: ${name} of ${size} bytes`);
  }
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(name, 0, 'latin1');
  block.write('0000644\0', 100, 'latin1');
  block.write('0000000\0', 108, 'latin1');
  block.write('0000000\0', 116, 'latin1');
  block.write(`${octal(size, 11)}\0`, 124, 'latin1');
  block.write(`${octal(0, 11)}\0`, 136, 'latin1');
  block.write('        ', 148, 'latin1');
  block.write('0', 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${octal(sum, 6)}\0 `, 148, 'latin1');
  return block;
};

/** Undefined where the block is no header in the one form. */
export const readTarHeader = (block: Buffer): EntryHead | undefined => {
  const end = block.indexOf(0);
  const name = block.toString(
    'latin1',
    0,
    Math.min(end < 0 ? MAX_NAME_BYTES : end, MAX_NAME_BYTES),
  );
  const digits = block.toString('latin1', 124, 135);
  if (!/^[0-7]{11}$/.test(digits) || !NAME.test(name)) return undefined;
  const head = { name, size: parseInt(digits, 8) };
  return tarHeader(head).equals(block) ? head : undefined;
};

/** Zeros that fill the last block of an entry. */
export const paddingOf = (size: number): Buffer =>
  Buffer.alloc((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES);

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');
