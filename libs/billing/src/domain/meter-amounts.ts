import type { MeterKind } from './meter.js';

/** Energy as text: kWh with at most three places, so that it is whole Wh. */
export const KWH = /^\d{1,15}(\.\d{1,3})?$/;
/** Whole satoshi in digits. */
export const SATOSHI = /^\d{1,18}$/;

/** Whole Wh in digits. @param kwh as {@link KWH}. */
export const whOf = (kwh: string): string => {
  const [whole = '', fraction = ''] = kwh.split('.');
  return BigInt(whole + fraction.padEnd(3, '0')).toString();
};

/** As kWh with three places. @param wh digits. */
export const kwhOf = (wh: string): string => {
  const digits = wh.padStart(4, '0');
  return `${digits.slice(0, -3)}.${digits.slice(-3)}`;
};

/** What somebody says that a meter told, in the unit of its kind. */
export interface ToldAmounts {
  readonly energyKwh?: string | undefined;
  readonly satoshi?: string | undefined;
  readonly registerKwh?: string | undefined;
  readonly registerSatoshi?: string | undefined;
}

/** In whole units of the kind; `undefined` where it is not told, or something of the other kind is. */
export const amountsIn = (
  kind: MeterKind,
  { energyKwh, satoshi, registerKwh, registerSatoshi }: ToldAmounts,
): { readonly amount: string; readonly register?: string } | undefined => {
  if (kind === 'energy') {
    if (energyKwh === undefined || satoshi !== undefined || registerSatoshi !== undefined)
      return undefined;
    return {
      amount: whOf(energyKwh),
      ...(registerKwh !== undefined && { register: whOf(registerKwh) }),
    };
  }
  if (satoshi === undefined || energyKwh !== undefined || registerKwh !== undefined)
    return undefined;
  return {
    amount: BigInt(satoshi).toString(),
    ...(registerSatoshi !== undefined && { register: BigInt(registerSatoshi).toString() }),
  };
};

/** What {@link amountsIn} was told. */
export const toldIn = (
  kind: MeterKind,
  { amount, register }: { readonly amount: string; readonly register?: string | undefined },
): ToldAmounts =>
  kind === 'energy'
    ? {
        energyKwh: kwhOf(amount),
        ...(register !== undefined && { registerKwh: kwhOf(register) }),
      }
    : { satoshi: amount, ...(register !== undefined && { registerSatoshi: register }) };
