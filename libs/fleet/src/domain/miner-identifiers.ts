import { DomainError } from '@hostledger/eventsourcing';
import type { Component, ComponentSwapped } from './miner-repair.js';
import { refused } from './miner-power.js';

// Numbers of machines and of their parts, compared in upper case.

export const IDENTIFIER_KINDS = ['mac', 'controlBoard', 'hashboard', 'powerSupply'] as const;
export type IdentifierKind = (typeof IDENTIFIER_KINDS)[number];

const MAC = /^([0-9A-F]{2}[:-]){5}[0-9A-F]{2}$/;
const PART = /^[A-Z0-9][A-Z0-9._/:-]{2,59}$/;

/** As it is written in events; `undefined` if it is none of its kind. */
export const normaliseIdentifier = (
  kind: IdentifierKind | Component,
  written: string,
): string | undefined => {
  const value = written.trim().toUpperCase();
  if (kind === 'mac') return MAC.test(value) ? value.replaceAll('-', ':') : undefined;
  return PART.test(value) ? value : undefined;
};

export const mustBeIdentifier = (
  kind: IdentifierKind | Component,
  written: string,
  pointer: string,
): string => {
  const value = normaliseIdentifier(kind, written);
  if (value !== undefined) return value;
  const rule =
    kind === 'mac'
      ? 'A MAC address has 6 bytes in hexadecimal with colons'
      : 'The number of a part has 3 to 60 letters, digits and . _ / : -';
  throw new DomainError('invalid', 'miner/identifier-invalid', rule, { kind }, pointer);
};

/** Parts that were fitted or removed in repairs; what it came with is in neither. */
export interface Parts {
  readonly fitted: readonly string[];
  readonly removed: readonly string[];
}

type Swap = ComponentSwapped['data'];

const partOf = (component: Component, serial: string): string => `${component} ${serial}`;

export const partsAfter = (
  { fitted, removed }: Parts = { fitted: [], removed: [] },
  { component, removedSerial, fittedSerial }: Swap,
): Parts => {
  const isIn = partOf(component, fittedSerial);
  const isOut = removedSerial === undefined ? undefined : partOf(component, removedSerial);
  return {
    fitted: [...fitted.filter((part) => part !== isOut && part !== isIn), isIn],
    removed: [
      ...removed.filter((part) => part !== isIn && part !== isOut),
      ...(isOut === undefined ? [] : [isOut]),
    ],
  };
};

/** A part is removed once, and fitted again only when it was removed. */
export const mustBeSwappable = (
  { component, removedSerial, fittedSerial }: Swap,
  { fitted, removed }: Parts = { fitted: [], removed: [] },
): void => {
  if (removedSerial !== undefined && removed.includes(partOf(component, removedSerial))) {
    throw refused(
      'miner/component-removed',
      `The ${component} ${removedSerial} was removed before`,
      { component, removedSerial },
      '/removedSerial',
    );
  }
  if (fitted.includes(partOf(component, fittedSerial))) {
    throw refused(
      'miner/component-fitted',
      `The ${component} ${fittedSerial} is in the machine already`,
      { component, fittedSerial },
      '/fittedSerial',
    );
  }
};
