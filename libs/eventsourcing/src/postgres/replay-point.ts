/** How far a replay goes. An instant stands for all that was recorded at or before it. */
export type ReplayPoint =
  | { readonly kind: 'end' }
  | { readonly kind: 'position'; readonly position: bigint }
  | { readonly kind: 'instant'; readonly instant: string };

/** Positions are 64 bits, signed; no log comes near that. */
const POSITION = /^\d{1,18}$/;
/** With its time zone: a day alone, or a time of nowhere, is several instants. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/;

/** What somebody wrote as the point; undefined where it is none. */
export const replayPointOf = (text: string): ReplayPoint | undefined => {
  if (text === 'end') return { kind: 'end' };
  if (POSITION.test(text)) return { kind: 'position', position: BigInt(text) };
  const time = INSTANT.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(time)
    ? undefined
    : { kind: 'instant', instant: new Date(time).toISOString() };
};

/** The point as it can be written again. */
export const textOf = (point: ReplayPoint): string => {
  switch (point.kind) {
    case 'end':
      return 'end';
    case 'position':
      return point.position.toString();
    case 'instant':
      return point.instant;
  }
};
