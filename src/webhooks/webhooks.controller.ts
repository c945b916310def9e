import { Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { linksTo } from '../api/api-links.js';
import { ApiProblems } from '../api/api-problems.decorator.js';
import { Needs } from '../auth/access.js';
import {
  DeliveriesQuery,
  DeliveryDto,
  DeliveryPageDto,
  DeliverySummaryDto,
  WebhooksDto,
} from './dto/delivery.dto.js';
import { WebhooksService } from './webhooks.service.js';

const ApiDeliveryId = () => ApiParam({ name: 'id', example: 'msg_01JD3XA1B2C3D4E5F6G7H8J9K0' });

@ApiTags('webhooks')
@Controller('webhooks')
export class WebhooksController {
  constructor(private readonly webhooks: WebhooksService) {}

  @Get()
  @Needs('train')
  @ApiOperation({ summary: 'Show whether and where the service sends webhooks' })
  @ApiOkResponse({ type: WebhooksDto })
  show(): WebhooksDto {
    const { state, origin } = this.webhooks;
    return { state, receiver: origin };
  }

  @Post('test')
  @Needs('admin')
  @ApiOperation({
    summary: 'Send a test message',
    description:
      'Sends a message of the type `webhook.test` once, and answers with the result after at most 15 seconds. A test that fails ' +
      'is not repeated.\n\n    curl -X POST localhost:3000/webhooks/test',
  })
  @ApiCreatedResponse({
    type: DeliveryDto,
    description: 'The attempt has ended. `status` says whether the message was delivered.',
    headers: { Location: { description: 'Path of the delivery.', schema: { type: 'string' } } },
    links: linksTo(['WebhooksController.get', 'WebhooksController.redeliver'], { id: '$response.body#/id' }),
  })
  @ApiProblems(409)
  async test(@Res({ passthrough: true }) reply: FastifyReply): Promise<DeliveryDto> {
    const delivery = await this.webhooks.test();
    reply.header('location', `/webhooks/deliveries/${delivery.id}`);
    return DeliveryDto.of(delivery);
  }

  @Get('deliveries')
  @Needs('train')
  @ApiOperation({
    summary: 'List deliveries, newest first',
    description: 'The service deletes a delivery 30 days after its creation, unless it is still `pending`.',
  })
  @ApiOkResponse({ type: DeliveryPageDto })
  @ApiProblems(422)
  async list(@Query() { status, runId, ...query }: DeliveriesQuery): Promise<DeliveryPageDto> {
    const filter = { ...(status && { status }), ...(runId && { runId }) };
    const { items, nextCursor } = await this.webhooks.list(query, filter);
    return { items: items.map(DeliverySummaryDto.of), nextCursor };
  }

  @Get('deliveries/:id')
  @Needs('train')
  @ApiOperation({ summary: 'Show a delivery: its message and each attempt' })
  @ApiDeliveryId()
  @ApiOkResponse({ type: DeliveryDto })
  @ApiProblems(404)
  async get(@Param('id') id: string): Promise<DeliveryDto> {
    return DeliveryDto.of(await this.webhooks.get(id));
  }

  @Post('deliveries/:id/redeliver')
  @Needs('admin')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Send a message again',
    description:
      'Sends the message at once, with the same `webhook-id`, and answers with the result after at most 15 seconds. If it fails, ' +
      'the status and the schedule stay as they were.',
  })
  @ApiDeliveryId()
  @ApiOkResponse({ type: DeliveryDto })
  @ApiProblems(404, 409)
  async redeliver(@Param('id') id: string): Promise<DeliveryDto> {
    return DeliveryDto.of(await this.webhooks.redeliver(id));
  }
}
