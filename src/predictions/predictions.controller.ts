import { Controller, HttpCode, HttpStatus, Post, Query, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Needs } from '../auth/access.js';
import { ApiProblems } from '../api/api-problems.decorator.js';
import { validated } from '../api/validation.js';
import { clientGone } from './client-gone.js';
import { notBlank, PredictDto, PredictFormDto, PredictQueryDto } from './dto/predict.dto.js';
import {
  ComparisonsDto,
  JudgementDto,
  JudgingModelDto,
  PredictionDto,
  PredictionsDto,
} from './dto/prediction.dto.js';
import { predictRequest, streamOptions, type PredictRequest } from './predict-request.js';
import { PredictionsService, type Predictions } from './predictions.service.js';
import { takesSentences } from './sentence-bodies.js';
import { serverTiming, serverTimingHeader } from './server-timing.js';
import { StreamAnswer } from './streams/stream-answer.js';
import { SentenceStream } from './streams/stream-bodies.js';
import {
  streamHeaders,
  streamRequestContent,
  streamResponseContent,
} from './streams/stream-documentation.js';

const text = { schema: { type: 'string', pattern: notBlank, example: 'The cat sat on mat the.' } };

// The schema is written by hand and the body is read from the request, because @nestjs/swagger supports only
// one schema for all content types.
const requestBody = {
  required: true,
  content: {
    'application/json': {
      schema: {
        allOf: [{ $ref: getSchemaPath(PredictDto) }],
        oneOf: [{ required: ['sentence'] }, { required: ['sentences'] }, { required: ['pairs'] }],
      },
      examples: {
        sentence: { value: { sentence: 'The cat sat on mat the.' } },
        sentences: { value: { sentences: ['The cat sat on the mat.', 'The cat sat on mat the.'] } },
        explanation: { value: { sentence: 'The cat sat on mat the.', explain: true } },
        pairs: {
          value: {
            pairs: [{ a: 'Many girls hurt themselves.', b: 'Many girls hurt herself.' }],
            logits: true,
          },
        },
        options: {
          value: {
            sentence: 'The cat sat on mat the.',
            model: 'production',
            precision: 'int8',
            threshold: 'tuned',
          },
        },
      },
    },
    'text/plain': text,
    'application/x-www-form-urlencoded': {
      schema: {
        oneOf: [
          {
            allOf: [{ $ref: getSchemaPath(PredictFormDto) }],
            oneOf: [{ required: ['sentence'] }, { required: ['sentences'] }],
          },
          text.schema,
        ],
      },
      examples: {
        fields: {
          summary: 'As sent by an HTML form, URLSearchParams, or `data=` in Python',
          value: 'sentence=The+cat+sat+on+mat+the.&logits=true',
        },
        text: { summary: 'As sent by `curl -d`', value: 'The cat sat on mat the.' },
      },
    },
    ...streamRequestContent,
  },
};

@ApiTags('predictions')
@Controller('predict')
export class PredictionsController {
  constructor(
    private readonly predictions: PredictionsService,
    private readonly streamAnswer: StreamAnswer,
  ) {}

  @Post()
  @Needs('predict')
  @HttpCode(HttpStatus.OK)
  @RouteConfig(takesSentences)
  @ApiExtraModels(PredictDto, PredictFormDto, PredictionDto, PredictionsDto, ComparisonsDto)
  @ApiOperation({
    summary: 'Judge whether sentences are acceptable, or which of two is more acceptable',
    description:
      'Send one of these:\n\n' +
      '- `sentence`, as JSON or as plain text: the answer is one judgement.\n' +
      '- `sentences`, a list: the answer is a list of judgements in the same order.\n' +
      '- `pairs`, a list: the answer says for each pair which of its two sentences is the more acceptable one.\n' +
      '- A stream of lines as NDJSON or TSV, of any length: the answer is a stream of judgements. It begins while you still send. Its ' +
      'type is the one that `Accept` names, or else the type of the request.\n\n' +
      'A form may have the same fields as the JSON. Repeat `sentences` for a list. Any other text that is declared as a form is one ' +
      'sentence: this is what `curl -d` sends. A sentence must have more than white space and invisible characters.',
    requestBody,
  })
  @ApiOkResponse({
    description:
      'One judgement for `sentence` or plain text, a list of judgements for `sentences`, a list of comparisons for `pairs`, a stream ' +
      'of judgements for a stream.',
    headers: { 'Server-Timing': serverTimingHeader, ...streamHeaders },
    content: {
      'application/json': {
        schema: {
          oneOf: [PredictionDto, PredictionsDto, ComparisonsDto].map((dto) => ({ $ref: getSchemaPath(dto) })),
        },
      },
      ...streamResponseContent,
    },
  })
  @ApiProblems(400, 404, 408, 409, 413, 415, 422, 429, 503)
  async predict(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Query() query: PredictQueryDto,
  ): Promise<PredictionDto | PredictionsDto | ComparisonsDto | void> {
    if (request.body instanceof SentenceStream) {
      return this.streamAnswer.send(request.body, streamOptions(query), request, reply);
    }
    const body = await validated(PredictDto, request.body, 'body');
    const asked = predictRequest(body, query);
    const options = { signal: clientGone(reply), span: request.span };
    const predicted = await this.predictions.predict(asked, options);
    reply.header('server-timing', serverTiming(predicted.timing, reply.elapsedTime));
    request.logFields = { modelId: predicted.model.id };
    return answer(asked, predicted);
  }
}

function answer(
  { subject, logits }: PredictRequest,
  { predictions, model: judge }: Predictions,
): PredictionDto | PredictionsDto | ComparisonsDto {
  const model = JudgingModelDto.of(judge);
  if (subject === 'pairs') return ComparisonsDto.of(predictions, model, logits);
  const judgements = predictions.map((prediction) => JudgementDto.of(prediction, logits));
  return subject === 'sentences' ? { predictions: judgements, model } : { ...judgements[0]!, model };
}
