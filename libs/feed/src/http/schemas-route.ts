import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AnyRole, ProblemError } from '@hostledger/http';
import { CLOUD_EVENT_TYPE_PREFIX } from '../cloud-event.js';
import { eventSchemas } from '../schemas.js';
import { schemaWithoutSecrets } from '../withheld.js';

export class SchemaEntry {
  /** @example MinerRelocated */
  type: string;
  /** As the CloudEvent has it. */
  cloudEventType: string;
  /** Of the streams it is in. */
  category: string;
  description: string;
  /** Where its schema is. */
  schema: string;
}

export class SchemaIndex {
  items: SchemaEntry[];
}

@ApiTags('feed')
@Controller('schemas')
export class SchemasController {
  @ApiOperation({ summary: 'Every type of event, with the address of its schema' })
  @Get()
  @AnyRole()
  @ApiOkResponse({ type: SchemaIndex })
  list(): SchemaIndex {
    const items = [...eventSchemas].map(([type, { category, schema }]) => ({
      type,
      cloudEventType: `${CLOUD_EVENT_TYPE_PREFIX}${type}`,
      category,
      description: schema.description,
      schema: schema.$id,
    }));
    return { items };
  }

  @ApiOperation({
    summary: "JSON Schema (2020-12) of an event's data, with units and meanings",
    description: '`x-unit` names the unit of a number or text. Objects are open to further fields.',
  })
  @Get(':type')
  @AnyRole()
  @ApiProduces('application/schema+json')
  @ApiOkResponse({ schema: { type: 'object' } })
  async get(@Param('type') type: string, @Res() response: FastifyReply): Promise<void> {
    const known = eventSchemas.get(type);
    if (!known) {
      throw new ProblemError(404, 'schema/unknown', `There is no event of the type ${type}`);
    }
    await response
      .header('content-type', 'application/schema+json')
      .send(schemaWithoutSecrets(known));
  }
}
