import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsIn, IsInt, IsUUID, Length, Max, Min } from 'class-validator';
import { AreNested, IsDay, IsMoney, IsNested, MayBeAbsent } from '@hostledger/http';
import { startOf } from '@hostledger/quantities';
import { LEG_KINDS, type LegKind } from '../domain/supply-events.js';
import { dayAfter, type NewLeg } from '../domain/supply-legs.js';

/** Of a whole agreement: 100 EH/s would be a fifth of the network. */
export const MAX_HASHRATE_GHS = 100_000_000_000;
const MAX_PARTS = 100;

export const IsHashrate = (): PropertyDecorator => (target, property) => {
  for (const rule of [IsInt(), Min(1), Max(MAX_HASHRATE_GHS)]) rule(target, property);
};

export const IsNumberOfPart = (): PropertyDecorator => (target, property) => {
  for (const rule of [IsInt(), Min(1), Max(1_000)]) rule(target, property);
};

export class SupplyParams {
  /** The supply agreement's id. */
  @IsUUID()
  agreementId: string;
}

export class InstalmentBody {
  /** @example 2023-09-30 */
  @IsDay()
  dueOn: string;

  /** @example "4100000.00" */
  @IsMoney()
  amount: string;
}

export class ContingencyBody {
  /**
   * Who fixes what the shares are worth.
   * @example United States Bankruptcy Court for the Southern District of Texas
   */
  @Length(1, 200)
  authority: string;

  /**
   * The last day by which that is expected.
   * @example 2023-12-31
   */
  @IsDay()
  dueOn: string;
}

export class SupplyLegBody {
  @IsIn(LEG_KINDS)
  kind: LegKind;

  /**
   * What the parties reckon it at now, in the currency of the agreement.
   * @example "53900000.00"
   */
  @IsMoney()
  face: string;

  /** @example Common stock at the value that the plan of reorganization gives it */
  @Length(1, 500)
  description: string;

  /** Of cash, in the order of their days; they come to the face. */
  @MayBeAbsent()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_PARTS)
  @AreNested(() => InstalmentBody)
  instalments?: InstalmentBody[];

  /** Of equity. */
  @MayBeAbsent()
  @IsNested(() => ContingencyBody)
  valuation?: ContingencyBody;
}

export class SupplyLegsBody {
  /** Their faces come to the price. */
  @ApiProperty({ type: [SupplyLegBody] })
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_PARTS)
  @AreNested(() => SupplyLegBody)
  legs: SupplyLegBody[];
}

/** @param timeZone in which a leg is overdue. */
export const newLeg = (
  { kind, face, description, instalments, valuation }: SupplyLegBody,
  timeZone: string,
): NewLeg => ({
  ...{ kind, face, description },
  ...(instalments && {
    instalments: instalments.map(({ dueOn, amount }, index) => ({
      instalment: index + 1,
      ...{ dueOn, amount },
    })),
  }),
  ...(valuation && {
    valuation: { authority: valuation.authority, dueOn: valuation.dueOn },
    overdueAt: startOf(timeZone, dayAfter(valuation.dueOn)),
  }),
});
