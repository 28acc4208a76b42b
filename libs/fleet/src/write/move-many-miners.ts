import { Controller, Post, Query } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { BulkRoute, Roles, Upload, type BulkUpload } from '@hostledger/http';
import { FACILITY_CODE, RACK_CODE } from '@hostledger/sites';
import { UploadMode } from '../http/delivery-lines.js';
import { MAX_SLOT, serialField, wholeField } from '../http/forms.js';
import { OperationAccepted } from '../http/lines.js';
import type { MoveLine } from '../process/bulk-moves.js';
import { startBulk } from './bulk.js';

/** One move of an upload. */
export const moveLine = z.strictObject({
  serial: serialField,
  facility: z
    .string()
    .regex(FACILITY_CODE, 'Not the code of a facility')
    .meta({ example: 'DENTON' }),
  rack: z.string().regex(RACK_CODE, 'Not the code of a rack').meta({ example: 'A-01' }),
  slot: wholeField(1, MAX_SLOT).meta({ example: 12 }),
});

@ApiTags('fleet')
@Controller()
export class MoveManyMinersController {
  constructor(private readonly commands: CommandBus) {}

  @ApiOperation({
    summary: 'Install miners from storage into slots, up to 100,000 at once',
    description: 'Every line is a move of its own, made in the background and refused on its own.',
  })
  @Post('installations')
  @Roles('operator')
  @BulkRoute(moveLine)
  @ApiAcceptedResponse({ type: OperationAccepted })
  install(@Query() { mode }: UploadMode, @Upload(moveLine) upload: BulkUpload<MoveLine>) {
    return startBulk(this.commands, 'installation', upload, mode);
  }

  @ApiOperation({
    summary: 'Relocate installed miners to other slots, up to 100,000 at once',
    description:
      'Every line is a move of its own, made in the background and refused on its own. A slot that another line would free is still taken; send such moves in an upload of their own.',
  })
  @Post('relocations')
  @Roles('operator')
  @BulkRoute(moveLine)
  @ApiAcceptedResponse({ type: OperationAccepted })
  relocate(@Query() { mode }: UploadMode, @Upload(moveLine) upload: BulkUpload<MoveLine>) {
    return startBulk(this.commands, 'relocation', upload, mode);
  }
}

export const moveManyMiners = {
  controllers: [MoveManyMinersController],
  providers: [],
};
