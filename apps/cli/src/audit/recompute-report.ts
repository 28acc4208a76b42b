import type { Recomputed } from '@hostledger/audit';
import { count } from '../play/format.js';

/** What was computed, of how many events, and whether it is what the other side has. */
export const recomputedAsText = (found: Recomputed): string[] => {
  const { subject, source, position, counted, last, value, verdict } = found;
  const events = `${count(counted)} event${counted === 1 ? '' : 's'}`;
  const made = last
    ? `${events}, the last one ${last.type} at position ${last.position}, revision ${last.revision}`
    : events;
  const head = [`${subject}, from ${source} up to position ${position}: ${made}`];
  if (!verdict) return [...head, JSON.stringify(value, undefined, 2)];
  if (verdict.equal) return [...head, `equal: ${verdict.compared}`];
  const { event, path, here, there, note, compared } = verdict;
  return [
    ...head,
    `different: ${compared}`,
    ...(event
      ? [
          `  event     ${event.type}, position ${event.position}, revision ${event.revision} of ${event.stream}`,
          `            ${event.eventId}, recorded ${event.recordedAt}`,
        ]
      : []),
    ...(here === undefined && there === undefined
      ? []
      : [
          `  field     ${path === '' ? 'the whole' : path}`,
          `  computed  ${shown(here)}`,
          `  there     ${shown(there)}`,
        ]),
    ...(note === undefined ? [] : [`  ${note}`]),
  ];
};

const MAX_VALUE = 200;

/** Whole values are in the JSON form. */
const shown = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;
};
