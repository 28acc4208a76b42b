import { Controller, Post, Query } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { BulkRoute, isOfPlainYear, Roles, Upload, type BulkUpload } from '@hostledger/http';
import { FACILITY_CODE } from '@hostledger/sites';
import { UploadMode } from '../http/delivery-lines.js';
import {
  MAX_HASHRATE_GHS,
  MAX_WATTS,
  occurredAtField,
  serialField,
  wholeField,
} from '../http/forms.js';
import { OperationAccepted } from '../http/lines.js';
import { COMPONENTS, REPAIR_OUTCOMES } from '../domain/miner-repair.js';
import { DEENERGIZATION_CAUSES } from '../domain/miner-power.js';
import { IDENTIFIER_KINDS, RETIREMENT_CAUSES } from '../domain/miner-life.js';
import type { BenchSwapLine, ComponentSwapLine, IdentificationLine } from '../process/bulk-life.js';
import { eachNumberOnce, eachPartOnce, eachSwapOnce, startBulk } from './bulk.js';

const EACH = 'Every line is an act of its own, done in the background and refused on its own.';

const DATED =
  'A line with `occurredAt` is recorded later than it happened, which was not before anything that is recorded of its miner, and not more than 62 days ago.';

const OPEN_REPAIR = 'Without `repairId` the repair of the machine that is open is meant.';

const serial = serialField;
const text = (longest: number) => z.string().trim().min(1).max(longest);
const optional = <Field extends z.ZodType>(field: Field) =>
  z.preprocess((value) => (value === '' ? undefined : value), field.optional());

/** Both or neither say who overrides a contract that is not active, and why. */
const energizationLine = z
  .strictObject({
    serial,
    overrideApprovedBy: optional(text(200)).meta({ example: 'grace' }),
    overrideReason: optional(text(500)).meta({ example: 'burn-in before commencement' }),
    occurredAt: occurredAtField,
  })
  .refine(
    ({ overrideApprovedBy, overrideReason }) =>
      (overrideApprovedBy === undefined) === (overrideReason === undefined),
    { message: 'An override names approver and reason', path: ['overrideReason'] },
  );
const deenergizationLine = z.strictObject({
  serial,
  cause: z.enum(DEENERGIZATION_CAUSES),
  curtailmentId: optional(text(60)),
  occurredAt: occurredAtField,
});
const serialLine = z.strictObject({ serial });
const assignmentLine = z.strictObject({
  serial,
  contractId: z.uuid(),
  allocationId: z.uuid(),
});
const identificationLine = z.strictObject({
  serial,
  kind: z.enum(IDENTIFIER_KINDS),
  value: text(100).meta({ example: '02:00:5E:10:00:01' }),
});
const titleTransferLine = z.strictObject({
  serial,
  toCustomerId: z.uuid(),
  effectiveOn: z.iso.date().refine(isOfPlainYear, 'Not of a year from 1000 to 9998'),
  documentDigest: z.string().regex(/^[0-9a-f]{64}$/, 'Not a SHA-256 in lower-case hex digits'),
});
const retirementLine = z.strictObject({ serial, cause: z.enum(RETIREMENT_CAUSES) });

const powerProfileLine = z.strictObject({
  serial,
  profile: text(60).meta({ example: 'eco' }),
  hashrateGhs: wholeField(1, MAX_HASHRATE_GHS).meta({ example: 120_000 }),
  powerWatts: wholeField(1, MAX_WATTS).meta({ example: 2_400 }),
  occurredAt: occurredAtField,
});

const repairLine = z.strictObject({
  serial,
  fault: text(500).meta({ example: 'hashboard 2 dead' }),
  rmaNumber: optional(text(60)),
});
/** Without it, the repair of the machine that is open. */
const repairId = optional(z.uuid());
const vendorShipmentLine = z.strictObject({
  serial,
  vendor: text(100).meta({ example: 'Bitmain Care' }),
  rmaNumber: optional(text(60)),
  repairId,
});
const vendorReturnLine = z.strictObject({
  serial,
  facility: z
    .string()
    .regex(FACILITY_CODE, 'Not the code of a facility')
    .meta({ example: 'DENTON' }),
  repairId,
});
const componentSwapLine = z.strictObject({
  serial,
  component: z.enum(COMPONENTS),
  removedSerial: optional(text(100)),
  fittedSerial: text(100),
  repairId,
});
const repairClosureLine = z.strictObject({
  serial,
  outcome: z.enum(REPAIR_OUTCOMES),
  repairId,
});
const benchSwapLine = z.strictObject({ serial, spareSerial: serial });

type Sent = BulkUpload<{ readonly serial: string }>;

@ApiTags('fleet')
@Controller()
export class ManyMinersController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Let installed miners draw power, up to 100,000 at once',
    description: `The contract of each must be active, or the line names who overrides that and why. ${DATED} ${EACH}`,
  })
  @Post('energizations')
  @Roles('operator')
  @BulkRoute(energizationLine)
  @ApiAcceptedResponse({ type: OperationAccepted })
  energize(@Query() { mode }: UploadMode, @Upload(energizationLine) sent: Sent) {
    return startBulk(this.commands, 'energization', sent, mode);
  }

  @ApiOperation({
    summary: 'Take miners off power for a cause, up to 100,000 at once',
    description: `${DATED} ${EACH}`,
  })
  @Post('deenergizations')
  @Roles('operator')
  @BulkRoute(deenergizationLine)
  @ApiAcceptedResponse({ type: OperationAccepted })
  deenergize(@Query() { mode }: UploadMode, @Upload(deenergizationLine) sent: Sent) {
    return startBulk(this.commands, 'deenergization', sent, mode);
  }

  @ApiOperation({
    summary: 'Take miners out of their slots to storage, up to 100,000 at once',
    description: EACH,
  })
  @Post('uninstallations')
  @Roles('operator')
  @BulkRoute(serialLine)
  @ApiAcceptedResponse({ type: OperationAccepted })
  uninstall(@Query() { mode }: UploadMode, @Upload(serialLine) sent: Sent) {
    return startBulk(this.commands, 'uninstallation', sent, mode);
  }

  @ApiOperation({
    summary: 'Assign miners to allocations, up to 100,000 at once',
    description: `The contract counts them, never more than was allocated. ${EACH}`,
  })
  @Post('assignments')
  @Roles('operator', 'commercial')
  @BulkRoute(assignmentLine)
  @ApiAcceptedResponse({ type: OperationAccepted })
  assign(@Query() { mode }: UploadMode, @Upload(assignmentLine) sent: Sent) {
    return startBulk(this.commands, 'assignment', sent, mode);
  }

  @ApiOperation({
    summary: 'Give the allocations of miners up, up to 100,000 at once',
    description: `The contract follows within moments. ${EACH}`,
  })
  @Post('unassignments')
  @Roles('operator', 'commercial')
  @BulkRoute(serialLine)
  @ApiAcceptedResponse({ type: OperationAccepted })
  unassign(@Query() { mode }: UploadMode, @Upload(serialLine) sent: Sent) {
    return startBulk(this.commands, 'unassignment', sent, mode);
  }

  @ApiOperation({
    summary: 'Change the power profiles of miners, up to 100,000 at once',
    description: `Of miners in slots as far as their racks grant the watts. ${DATED} ${EACH}`,
  })
  @Post('power-profiles')
  @Roles('operator')
  @BulkRoute(powerProfileLine)
  @ApiAcceptedResponse({ type: OperationAccepted })
  changeProfiles(@Query() { mode }: UploadMode, @Upload(powerProfileLine) sent: Sent) {
    return startBulk(this.commands, 'powerProfile', sent, mode);
  }

  @ApiOperation({
    summary: 'Record numbers that were read off miners, up to 100,000 at once',
    description: `Several of one machine too, each on a line of its own. ${EACH}`,
  })
  @Post('identifications')
  @Roles('operator')
  @BulkRoute(identificationLine)
  @ApiAcceptedResponse({ type: OperationAccepted })
  identify(
    @Query() { mode }: UploadMode,
    @Upload(identificationLine) sent: BulkUpload<IdentificationLine>,
  ) {
    return startBulk(this.commands, 'identification', sent, mode, eachNumberOnce());
  }

  @ApiOperation({
    summary: 'Pass the title to miners to other customers, up to 100,000 at once',
    description: `They stay where they are and give their allocations up. ${EACH}`,
  })
  @Post('title-transfers')
  @Roles('commercial')
  @BulkRoute(titleTransferLine)
  @ApiAcceptedResponse({ type: OperationAccepted })
  transfer(@Query() { mode }: UploadMode, @Upload(titleTransferLine) sent: Sent) {
    return startBulk(this.commands, 'titleTransfer', sent, mode);
  }

  @ApiOperation({
    summary: 'Retire stored miners for good, up to 100,000 at once',
    description: EACH,
  })
  @Post('retirements')
  @Roles('operator', 'commercial')
  @BulkRoute(retirementLine)
  @ApiAcceptedResponse({ type: OperationAccepted })
  retire(@Query() { mode }: UploadMode, @Upload(retirementLine) sent: Sent) {
    return startBulk(this.commands, 'retirement', sent, mode);
  }
}

@ApiTags('fleet')
@Controller()
export class ManyRepairsController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Take faults up for repair, up to 100,000 at once',
    description: `The machines draw no power until their repairs are closed. ${EACH}`,
  })
  @Post('repairs')
  @Roles('operator')
  @BulkRoute(repairLine)
  @ApiAcceptedResponse({ type: OperationAccepted })
  open(@Query() { mode }: UploadMode, @Upload(repairLine) sent: Sent) {
    return startBulk(this.commands, 'repair', sent, mode);
  }

  @ApiOperation({
    summary: 'Send stored miners under repair to vendors, up to 100,000 at once',
    description: `${OPEN_REPAIR} ${EACH}`,
  })
  @Post('vendor-shipments')
  @Roles('operator')
  @BulkRoute(vendorShipmentLine)
  @ApiAcceptedResponse({ type: OperationAccepted })
  ship(@Query() { mode }: UploadMode, @Upload(vendorShipmentLine) sent: Sent) {
    return startBulk(this.commands, 'vendorShipment', sent, mode);
  }

  @ApiOperation({
    summary: 'Receive miners from vendors into storage, up to 100,000 at once',
    description: `${OPEN_REPAIR} ${EACH}`,
  })
  @Post('vendor-returns')
  @Roles('operator')
  @BulkRoute(vendorReturnLine)
  @ApiAcceptedResponse({ type: OperationAccepted })
  comeBack(@Query() { mode }: UploadMode, @Upload(vendorReturnLine) sent: Sent) {
    return startBulk(this.commands, 'vendorReturn', sent, mode);
  }

  @ApiOperation({
    summary: 'Record that parts of miners under repair were replaced, up to 100,000 at once',
    description: `Several of one machine too, each on a line of its own. ${OPEN_REPAIR} ${EACH}`,
  })
  @Post('component-swaps')
  @Roles('operator')
  @BulkRoute(componentSwapLine)
  @ApiAcceptedResponse({ type: OperationAccepted })
  swapComponents(
    @Query() { mode }: UploadMode,
    @Upload(componentSwapLine) sent: BulkUpload<ComponentSwapLine>,
  ) {
    return startBulk(this.commands, 'componentSwap', sent, mode, eachPartOnce());
  }

  @ApiOperation({
    summary: 'Close repairs, up to 100,000 at once',
    description: `${OPEN_REPAIR} ${EACH}`,
  })
  @Post('repair-closures')
  @Roles('operator')
  @BulkRoute(repairClosureLine)
  @ApiAcceptedResponse({ type: OperationAccepted })
  close(@Query() { mode }: UploadMode, @Upload(repairClosureLine) sent: Sent) {
    return startBulk(this.commands, 'repairClosure', sent, mode);
  }

  @ApiOperation({
    summary: 'Let stored spares take slots and allocations of miners, up to 100,000 at once',
    description: `A machine goes to storage first, also when its spare is refused after all. ${EACH}`,
  })
  @Post('bench-swaps')
  @Roles('operator')
  @BulkRoute(benchSwapLine)
  @ApiAcceptedResponse({ type: OperationAccepted })
  swap(@Query() { mode }: UploadMode, @Upload(benchSwapLine) sent: BulkUpload<BenchSwapLine>) {
    return startBulk(this.commands, 'benchSwap', sent, mode, eachSwapOnce());
  }
}

export const manyMiners = {
  controllers: [ManyMinersController, ManyRepairsController],
  providers: [],
};
