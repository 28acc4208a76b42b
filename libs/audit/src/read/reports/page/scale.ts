/** An axis from 0 to its last tick, which are round numbers. */
export interface Scale {
  readonly ticks: readonly number[];
  /** Where a value lies, as a part of the length. */
  at(value: number): number;
}

const MOST_TICKS = 6;

/** Ticks of 1, 2 or 5 times a power of ten, six at most, the last of them no less than the values. */
export const scaleTo = (greatest: number): Scale => {
  const top = Math.max(1, Math.ceil(greatest));
  const step = stepFor(top);
  const count = Math.ceil(top / step);
  const ticks = Array.from({ length: count + 1 }, (_, index) => index * step);
  const last = count * step;
  return { ticks, at: (value) => value / last };
};

const stepFor = (top: number): number => {
  for (let power = 1; ; power *= 10) {
    const step = [1, 2, 5].map((one) => one * power).find((one) => top / one <= MOST_TICKS - 1);
    if (step !== undefined) return step;
  }
};

/** Which of so many labels are shown, so that there are no more than fit: every n-th. */
export const everyNth = (count: number, fit: number): number => Math.max(1, Math.ceil(count / fit));
