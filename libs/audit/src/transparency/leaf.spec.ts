import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { canonicalJson, leafHash, leafLine, type LeafEvent } from './leaf.js';

const event: LeafEvent = {
  stream: 'rack-DALTON.R1',
  revision: 3n,
  position: 5_515_200n,
  id: 'ca0344c9-4cd8-5e03-b0b3-7a559c78116a',
  type: 'SlotOccupied',
  recordedAt: '2026-11-26T10:35:23.672Z',
  data: { slot: '7', powerWatts: 3_247 },
  metadata: {
    commandId: '8a4f39ca-d701-5c1a-9b7e-921030f69c9b',
    commandHash: 'ab',
    actor: { subject: 'ana', role: 'operator' },
    occurredAt: '2026-11-26T10:35:23.000Z',
    $correlationId: 'c',
    $causationId: 'd',
  },
};

describe('The leaf of an event', () => {
  it('is a line of canonical JSON that covers all that the log says of it', () => {
    expect(leafLine(event)).toBe(
      '{"data":{"powerWatts":3247,"slot":"7"},"id":"ca0344c9-4cd8-5e03-b0b3-7a559c78116a",' +
        '"metadata":{"$causationId":"d","$correlationId":"c","actor":{"role":"operator","subject":"ana"},' +
        '"commandHash":"ab","commandId":"8a4f39ca-d701-5c1a-9b7e-921030f69c9b",' +
        '"occurredAt":"2026-11-26T10:35:23.000Z"},"position":"5515200",' +
        '"recordedAt":"2026-11-26T10:35:23.672Z","revision":"3","stream":"rack-DALTON.R1",' +
        '"type":"SlotOccupied"}',
    );
  });

  it('has the bytes of what is not JSON', () => {
    const bytes = { ...event, data: Buffer.from([0, 255]), metadata: Buffer.alloc(0) as never };
    expect(JSON.parse(leafLine(bytes))).toEqual({
      ...JSON.parse(leafLine(event)),
      data: undefined,
      metadata: undefined,
      dataBase64: 'AP8=',
    });
  });

  it('has the hash of RFC 6962: a zero byte, then the line', () => {
    const line = leafLine({ ...event, data: { who: 'Zoë 矿机' } });
    const hashed = createHash('sha256')
      .update(Buffer.from([0]))
      .update(line, 'utf8')
      .digest();
    expect(leafHash(line)).toEqual(hashed);
  });
});

describe('Canonical JSON', () => {
  it('is that of RFC 8785 for all there is in JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        expect(canonicalJson(value)).toBe(canonicalize(value));
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    { 10: 'a', 9: 'b' },
    JSON.parse('{"a":{"__proto__":1,"b":2}}'),
    { b: -0, a: [{ 1: 2, 0: 1 }] },
  ])('holds where engines keep another order: %j', (value) => {
    expect(canonicalJson(value)).toBe(canonicalize(value));
  });

  it('is not made of what JSON cannot hold', () => {
    expect(() => canonicalJson(undefined)).toThrow(TypeError);
  });
});
