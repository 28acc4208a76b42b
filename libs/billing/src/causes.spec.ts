import { EXCUSABLE_CAUSES } from '@hostledger/contracts';
import { DEENERGIZATION_CAUSES } from '@hostledger/fleet';

it('A promise of uptime can excuse the causes for which machines go off power, and no others', () => {
  expect([...EXCUSABLE_CAUSES].sort()).toEqual([...DEENERGIZATION_CAUSES].sort());
});
