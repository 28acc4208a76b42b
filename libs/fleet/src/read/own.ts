import { ownedRow, type OwnedKind } from '@hostledger/http';
import { minerUnknown } from '../domain/miner.js';

/** A machine is its owner's, under whichever contract it is hosted. */
export const ownMiner: OwnedKind = ownedRow({
  param: 'serial',
  table: 'miners',
  key: 'serial',
  written: (serial) => serial.trim().toUpperCase(),
  unknown: minerUnknown,
});
