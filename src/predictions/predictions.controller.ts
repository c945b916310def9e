import { Controller, HttpCode, HttpStatus, Post, Query, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Judgement, Timing } from '../bert/serving/served-model.js';
import { ApiProblems } from '../common/api-problems.decorator.js';
import { InvalidInputError } from '../common/errors.js';
import { validated } from '../common/validation.js';
import { clientGone } from './client-gone.js';
import {
  JudgementDto,
  PredictDto,
  PredictionDto,
  PredictionsDto,
  PredictQueryDto,
} from './dto/predict.dto.js';
import { PredictionsService } from './predictions.service.js';
import { takesSentences } from './sentence-bodies.js';
import { serverTiming, serverTimingHeader } from './server-timing.js';

const text = { schema: { type: 'string', example: 'The cat sat on mat the.' } };

// Given by hand, and the body taken from the request: @nestjs/swagger knows one schema for all types of a body.
const requestBody = {
  required: true,
  content: {
    'application/json': {
      schema: { $ref: getSchemaPath(PredictDto) },
      examples: {
        sentence: { value: { sentence: 'The cat sat on mat the.' } },
        sentences: { value: { sentences: ['The cat sat on the mat.', 'The cat sat on mat the.'] } },
      },
    },
    'text/plain': text,
    'application/x-www-form-urlencoded': text,
  },
};

@ApiTags('predictions')
@Controller('predict')
export class PredictionsController {
  constructor(private readonly predictions: PredictionsService) {}

  @Post()
  @HttpCode(HttpStatus.OK)
  @RouteConfig(takesSentences)
  @ApiExtraModels(PredictDto, PredictionDto, PredictionsDto)
  @ApiOperation({
    summary: 'Judge whether sentences are acceptable',
    description:
      'One `sentence`, as JSON or as plain text, gets one judgement; a list of `sentences` gets a list, in the same ' +
      'order. A form, which is what `curl -d` declares, is read as plain text, as it stands.',
    requestBody,
  })
  @ApiOkResponse({
    description: 'One judgement for `sentence` or plain text, a list of them for `sentences`.',
    headers: { 'Server-Timing': serverTimingHeader },
    schema: { oneOf: [{ $ref: getSchemaPath(PredictionDto) }, { $ref: getSchemaPath(PredictionsDto) }] },
  })
  @ApiProblems(400, 404, 409, 413, 415, 422, 429, 503)
  async predict(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Query() query: PredictQueryDto,
  ): Promise<PredictionDto | PredictionsDto> {
    const body = await validated(PredictDto, request.body, 'body');
    const options = { model: modelOf(body, query), signal: clientGone(reply) };
    if (body.sentences === undefined) {
      const sentences = [body.sentence ?? nothing()];
      const { judgements, model, timing } = await this.predictions.predict(
        sentences,
        () => '#/sentence',
        options,
      );
      tellTiming(reply, timing);
      return { ...judgementDto(judgements[0]!), model };
    }
    if (body.sentence !== undefined) both();
    const pointer = (index: number) => `#/sentences/${index}`;
    const { judgements, model, timing } = await this.predictions.predict(body.sentences, pointer, options);
    tellTiming(reply, timing);
    return { predictions: judgements.map(judgementDto), model };
  }
}

function tellTiming(reply: FastifyReply, timing: Timing): void {
  reply.header('server-timing', serverTiming(timing, reply.elapsedTime));
}

function judgementDto({ acceptable, score, truncated }: Judgement): JudgementDto {
  return { acceptable, score, truncated };
}

function modelOf(body: PredictDto, query: PredictQueryDto): string | undefined {
  if (body.model === undefined || query.model === undefined || body.model === query.model) {
    return body.model ?? query.model;
  }
  throw new InvalidInputError('The body and the query name different models.', [
    { pointer: '#/model', message: 'name the model once: in the body or in the query' },
  ]);
}

function nothing(): never {
  throw new InvalidInputError('There is nothing to judge.', [
    { pointer: '#/sentence', message: 'give a sentence, or a list of them as sentences' },
  ]);
}

function both(): never {
  throw new InvalidInputError('The body has both sentence and sentences.', [
    { pointer: '#/sentences', message: 'give either sentence or sentences' },
  ]);
}
