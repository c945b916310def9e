import { Body, Controller, Get, HttpCode, HttpStatus, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Needs } from '../auth/access.js';
import { linksTo } from '../api/api-links.js';
import { ApiProblems } from '../api/api-problems.decorator.js';
import { PageQuery } from '../api/page-query.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';
import { Idempotent } from '../idempotency/idempotent.decorator.js';
import { EvaluationDto, EvaluationPageDto, StartEvaluationDto } from './dto/evaluation.dto.js';
import { ApiModelParam } from './dto/parameters.js';
import type { EvaluationRecord } from './evaluation-record.js';
import { EvaluationsService } from './evaluations.service.js';

@ApiTags('models')
@Controller('models/:id/evaluations')
export class EvaluationsController {
  constructor(
    private readonly evaluations: EvaluationsService,
    private readonly idempotency: IdempotencyService,
  ) {}

  /** Evaluate a model on a data set in the background. Follow the evaluation under the `Location` of the answer */
  @Post()
  @Needs('train')
  @Idempotent()
  @ApiModelParam()
  @ApiProblems(400, 404, 409, 415, 422, 429)
  @HttpCode(HttpStatus.ACCEPTED)
  @ApiAcceptedResponse({
    type: EvaluationDto,
    description: 'The evaluation is in the queue.',
    headers: { Location: { description: 'Path of the evaluation.', schema: { type: 'string' } } },
    links: linksTo(['EvaluationsController.find'], {
      id: '$response.body#/modelId',
      evaluationId: '$response.body#/id',
    }),
  })
  async start(
    @Param('id') id: string,
    @Body() { datasetId, precision }: StartEvaluationDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<EvaluationDto> {
    const evaluation = await this.evaluations.start(id, datasetId, precision, (created) =>
      this.idempotency.remember(request, {
        status: 202,
        location: locationOf(created),
        body: EvaluationDto.of(created),
      }),
    );
    reply.header('location', locationOf(evaluation));
    return EvaluationDto.of(evaluation);
  }

  /** Cancel an evaluation. A queued evaluation ends at once, a running one after its current batch */
  @Post(':evaluationId/cancel')
  @Needs('train')
  @ApiModelParam()
  @ApiProblems(404, 409)
  @HttpCode(HttpStatus.ACCEPTED)
  @ApiAcceptedResponse({ type: EvaluationDto, description: 'The evaluation in its current state.' })
  async cancel(@Param('id') id: string, @Param('evaluationId') evaluationId: string): Promise<EvaluationDto> {
    return EvaluationDto.of(await this.evaluations.cancel(id, evaluationId));
  }

  /** List the evaluations of a model, newest first */
  @Get()
  @Needs('train')
  @ApiModelParam()
  @ApiProblems(404, 422)
  async list(@Param('id') id: string, @Query() query: PageQuery): Promise<EvaluationPageDto> {
    const { items, nextCursor } = await this.evaluations.list(id, query);
    return { items: items.map(EvaluationDto.of), nextCursor };
  }

  /** Show an evaluation: its progress and its result */
  @Get(':evaluationId')
  @Needs('train')
  @ApiModelParam()
  @ApiProblems(404)
  async find(@Param('id') id: string, @Param('evaluationId') evaluationId: string): Promise<EvaluationDto> {
    return EvaluationDto.of(await this.evaluations.find(id, evaluationId));
  }
}

function locationOf({ modelId, id }: EvaluationRecord): string {
  return `/models/${modelId}/evaluations/${id}`;
}
