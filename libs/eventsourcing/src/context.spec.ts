import { v5 } from 'uuid';
import { deriveId, eventId } from './context.js';

describe('derived ids', () => {
  it('are the UUIDs of RFC 9562 that the package uuid makes', () => {
    const namespace = '6f2f5a2e-6a0f-5b52-9d2c-2f6f3c0d9a11';
    for (const parts of [['a'], ['a key', 7], ['Größe', '☃', ''], ['x'.repeat(1_000)]]) {
      expect(deriveId(...parts)).toBe(v5(JSON.stringify(parts), namespace));
    }
  });

  it('of events cover the command, its body, its instant and their place', () => {
    const command = deriveId('command');
    const at = '2023-09-22T00:00:00.000Z';
    const id = eventId(command, 'body', at, 0);
    expect(id).toBe(v5(`body ${at} 0`, command));
    const others = [
      eventId(deriveId('other'), 'body', at, 0),
      eventId(command, 'other', at, 0),
      eventId(command, 'body', '2023-09-22T00:00:00.001Z', 0),
      eventId(command, 'body', at, 1),
    ];
    expect(new Set([id, ...others]).size).toBe(5);
  });

  /** History depends on these: they may never change. */
  it('stay what they were', () => {
    expect(deriveId('first', 1)).toBe('8adbaa50-1b8c-5d5c-ae77-156e587234d9');
  });
});
