// As much of protobuf's wire format as it takes to read messages whose fields are known by number.
// Source: protobuf.dev, Encoding.

const VARINT = 0;
const FIXED_64 = 1;
const LENGTH = 2;
const FIXED_32 = 5;

/** The fields of a message by their numbers, in the order they came. */
export class Message {
  constructor(private readonly fields: ReadonlyMap<number, readonly (bigint | Buffer)[]>) {}

  has(field: number): boolean {
    return this.fields.has(field);
  }

  messages(field: number): readonly Message[] {
    return this.bytes(field).map(messageOf);
  }

  /** Empty where it is not there. */
  text(field: number): string {
    return this.bytes(field)[0]?.toString('utf8') ?? '';
  }

  hex(field: number): string {
    return this.bytes(field)[0]?.toString('hex') ?? '';
  }

  /** 0 where it is not there. */
  number(field: number): number {
    const [value = 0n] = this.fields.get(field) ?? [];
    if (typeof value !== 'bigint') throw new Error(`Field ${field} is no number`);
    return Number(BigInt.asIntN(64, value));
  }

  private bytes(field: number): readonly Buffer[] {
    return (this.fields.get(field) ?? []).map((value) => {
      if (typeof value === 'bigint') throw new Error(`Field ${field} is a number`);
      return value;
    });
  }
}

/** @throws for what is no message. */
export const messageOf = (bytes: Buffer): Message => {
  const fields = new Map<number, (bigint | Buffer)[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at);
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw new Error('The message ends within a field');
    at += length;
    return bytes.subarray(at - length, at);
  };
  const valueOf = (kind: number): bigint | Buffer => {
    if (kind === VARINT) return varint();
    if (kind === FIXED_64) return take(8).readBigUInt64LE();
    if (kind === FIXED_32) return BigInt(take(4).readUInt32LE());
    if (kind === LENGTH) return take(Number(varint()));
    throw new Error(`There is no kind ${kind} of fields`);
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const field = key >> 3;
    fields.set(field, [...(fields.get(field) ?? []), valueOf(key & 7)]);
  }
  return new Message(fields);
};
