import { rowsOf } from '@hostledger/testing';
import { life } from '../recorded-lives.fixture.js';
import { moves, type MoveRow } from './projection.js';

it('the moves tell what went where, when, why and by whom, in the order of the log', () => {
  const [installation, relocation] = [life[1]!, life[3]!];
  const withReason = { ...relocation, metadata: { ...relocation.metadata, reason: 'halving' } };
  const rows = rowsOf<MoveRow>(moves, [life[0]!, installation, life[2]!, withReason]);
  expect(rows.sort((a, b) => Number(a.position - b.position))).toEqual([
    expect.objectContaining({
      position: installation.position,
      kind: 'installation',
      from_facility: 'DENTON',
      from_rack: null,
      to_rack: 'A1',
      to_slot: 1,
      reason: null,
      moved_by: 'ada',
    }),
    expect.objectContaining({
      position: relocation.position,
      kind: 'relocation',
      from_rack: 'A1',
      from_slot: 1,
      to_facility: 'DALTON',
      to_rack: 'B1',
      reason: 'halving',
      moved_at: relocation.metadata.occurredAt,
      revision: 3,
    }),
  ]);
});
