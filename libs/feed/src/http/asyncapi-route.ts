import { Controller, Get } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AnyRole, Public } from '@hostledger/http';
import { asyncApiDocument } from '../asyncapi.js';

@ApiTags('feed')
@Controller()
export class AsyncApiController {
  private document: object | undefined;

  @ApiOperation({ summary: 'The AsyncAPI 3.0 document of the feed, as /asyncapi.json has it' })
  @Get('asyncapi')
  @AnyRole()
  @ApiOkResponse({ schema: { type: 'object' } })
  describe(): object {
    // Only now: rooms add to it while they are loaded.
    this.document ??= asyncApiDocument();
    return this.document;
  }

  @ApiExcludeEndpoint()
  @Get('asyncapi.json')
  @Public()
  describeToAll(): object {
    return this.describe();
  }
}
