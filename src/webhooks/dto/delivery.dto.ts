import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, Matches } from 'class-validator';
import { PageQuery } from '../../api/page-query.js';
import { ID_PATTERN } from '../../common/identifiers.js';
import { RunErrorDto } from '../../training/dto/run.dto.js';
import type { Delivery, DeliveryAttempt, DeliveryStatus } from '../delivery.js';
import { deliveryStatuses } from '../delivery.js';
import type { WebhooksState } from '../webhooks.service.js';

/** Whether the service sends webhooks. */
export class WebhooksDto {
  @ApiProperty({
    enum: ['off', 'on', 'stopped'],
    description:
      '`off`: no address is set. `stopped`: the receiver answered 410, so the service sends nothing until a test or a redelivery ' +
      'succeeds, or the service starts again.',
    example: 'on',
  })
  state!: WebhooksState;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Where messages go, without the path. Null if `off`.',
    example: 'https://hooks.example.org',
  })
  receiver!: string | null;
}

export class DeliveriesQuery extends PageQuery {
  /** Only deliveries with this status. */
  @ApiPropertyOptional({ enum: deliveryStatuses, enumName: 'DeliveryStatus', example: 'failed' })
  @IsOptional()
  @IsIn(deliveryStatuses, { message: `status must be one of ${deliveryStatuses.join(', ')}` })
  status?: DeliveryStatus;

  /** Only deliveries about this run. */
  @ApiPropertyOptional({ pattern: ID_PATTERN.source, example: 'run_01JD3W5M4E7Y2V0N8GQ6T1CXZA' })
  @IsOptional()
  @Matches(ID_PATTERN, { message: 'runId must be the id of a run, see GET /train' })
  runId?: string;
}

/** One try to deliver a message. */
export class DeliveryAttemptDto {
  @ApiProperty({ format: 'date-time', example: '2025-11-23T12:20:00.000Z' })
  at!: string;

  @ApiProperty({ description: 'Time until the answer, in seconds.', example: 0.214 })
  seconds!: number;

  @ApiProperty({ description: 'Whether somebody asked for this attempt.', example: false })
  redelivery!: boolean;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'HTTP status of the answer; null if there was none.',
    example: 204,
  })
  status!: number | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The first 1,024 bytes of the answer.',
    example: '',
  })
  answer!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Why there was no answer.', example: null })
  error!: string | null;

  static of({ at, seconds, redelivery, status, answer, error }: DeliveryAttempt): DeliveryAttemptDto {
    return { at, seconds, redelivery, status, answer, error };
  }
}

/** `data` of a message about a run. `GET /train/{id}` has the rest. Empty in a test. */
export class WebhookDataDto {
  @ApiPropertyOptional({ example: 'run_01JD3W5M4E7Y2V0N8GQ6T1CXZA' })
  runId?: string;

  @ApiPropertyOptional({ description: 'The status that the run came to.', example: 'succeeded' })
  status?: string;

  @ApiPropertyOptional({ type: String, nullable: true, example: 'cola' })
  name?: string | null;

  @ApiPropertyOptional({ type: String, nullable: true, example: 'bert-base-uncased' })
  baseModel?: string | null;

  @ApiPropertyOptional({ type: String, nullable: true, example: 'ds_01JD3W3Y6V8M2C9T4XQZ7N5KHB' })
  datasetId?: string | null;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: 'The model that the run registered.',
    example: 'mdl_01JD3X9K5T2H7R4B6WQ8NZ0EVC',
  })
  modelId?: string | null;

  @ApiPropertyOptional({
    type: Number,
    nullable: true,
    description: 'Matthews correlation of the best evaluation.',
    example: 0.56,
  })
  mcc?: number | null;

  @ApiPropertyOptional({ type: RunErrorDto, nullable: true, description: 'Why the run failed.' })
  error?: RunErrorDto | null;
}

/** The body that the receiver gets. */
export class WebhookMessageDto {
  @ApiProperty({ example: 'run.succeeded' })
  type!: string;

  @ApiProperty({
    format: 'date-time',
    description: 'When the run came to this status.',
    example: '2025-11-23T12:20:00.000Z',
  })
  timestamp!: string;

  @ApiProperty({ type: WebhookDataDto })
  data!: WebhookDataDto;
}

/** A message and its delivery, as lists show it. */
export class DeliverySummaryDto {
  @ApiProperty({
    description: 'The `webhook-id` that the receiver gets. It is the same in each attempt.',
    example: 'msg_01JD3XA1B2C3D4E5F6G7H8J9K0',
  })
  id!: string;

  @ApiProperty({
    description: '`run.` and the status of the run, or `webhook.test`.',
    example: 'run.succeeded',
  })
  type!: string;

  @ApiProperty({ type: String, nullable: true, example: 'run_01JD3W5M4E7Y2V0N8GQ6T1CXZA' })
  runId!: string | null;

  @ApiProperty({
    enum: deliveryStatuses,
    enumName: 'DeliveryStatus',
    description:
      '`pending`: an attempt is to come. `failed`: there will be no further attempt. `skipped`: not sent, because the receiver had ' +
      'answered 410 before.',
    example: 'delivered',
  })
  status!: DeliveryStatus;

  @ApiProperty({
    type: DeliveryAttemptDto,
    nullable: true,
    description: 'Null before the first attempt.',
  })
  lastAttempt!: DeliveryAttemptDto | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'Null unless `pending`.',
    example: null,
  })
  nextAttemptAt!: string | null;

  @ApiProperty({ format: 'date-time', example: '2025-11-23T12:20:00.000Z' })
  createdAt!: string;

  static of(delivery: Delivery): DeliverySummaryDto {
    const { id, type, runId, status, attempts, nextAttemptAt, createdAt } = delivery;
    const last = attempts.at(-1);
    return {
      id,
      type,
      runId,
      status,
      lastAttempt: last ? DeliveryAttemptDto.of(last) : null,
      nextAttemptAt: nextAttemptAt?.toISOString() ?? null,
      createdAt: createdAt.toISOString(),
    };
  }
}

export class DeliveryDto extends DeliverySummaryDto {
  @ApiProperty({ type: WebhookMessageDto, description: 'What is sent.' })
  message!: WebhookMessageDto;

  @ApiProperty({ type: [DeliveryAttemptDto], description: 'In order; the last 50.' })
  attempts!: DeliveryAttemptDto[];

  static override of(delivery: Delivery): DeliveryDto {
    return {
      ...DeliverySummaryDto.of(delivery),
      message: JSON.parse(delivery.payload) as WebhookMessageDto,
      attempts: delivery.attempts.map(DeliveryAttemptDto.of),
    };
  }
}

export class DeliveryPageDto {
  @ApiProperty({ type: [DeliverySummaryDto], description: 'Newest first.' })
  items!: DeliverySummaryDto[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Send it as `cursor` for the next page; null on the last one.',
    example: null,
  })
  nextCursor!: string | null;
}
