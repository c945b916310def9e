import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Param,
  Post,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import {
  ApiAcceptedResponse,
  ApiExtraModels,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiProduces,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Needs } from '../auth/access.js';
import { linksTo } from '../api/api-links.js';
import { ApiProblems } from '../api/api-problems.decorator.js';
import { readForm, takesForm } from '../api/multipart.js';
import { formValues } from '../api/form-values.js';
import { validated } from '../api/validation.js';
import { Settings } from '../config/settings.js';
import { DatasetsService } from '../datasets/datasets.service.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';
import { Idempotent } from '../idempotency/idempotent.decorator.js';
import { eventText, RunEventDataDto, runEventSchema } from './dto/run-event.dto.js';
import { RunDto, RunMetricsDto, RunPageDto, RunPointDto, RunSummaryDto } from './dto/run.dto.js';
import { RunComparisonDto } from './dto/run-comparison.dto.js';
import { RunComparisonQuery } from './dto/run-comparison-query.dto.js';
import { RunEpochDto, RunEvaluationDto } from './dto/run-evaluation.dto.js';
import { RunLogLineDto, RunLogPageDto, RunLogQuery } from './dto/run-log.dto.js';
import { RunMetricsQuery, RunsQuery } from './dto/runs-query.dto.js';
import { TrainingEstimateDto, TrainingQuery } from './dto/training-estimate.dto.js';
import {
  ContinueRunDto,
  TrainingFormDto,
  TrainingJsonDto,
  TrainingRequestDto,
} from './dto/training-request.dto.js';
import { RunComparisons } from './run-comparison.js';
import { logText } from './run-log.js';
import { RunLogs } from './run-logs.js';
import type { Run } from './run.js';
import type { Uploads } from './training-request.js';
import { TrainingService } from './training.service.js';

/** What OpenAPI says of the files of forms. */
const fileTypes = 'text/tab-separated-values, text/csv, application/x-ndjson';

const ofRun = ['get', 'metrics', 'events', 'log', 'pause', 'resume', 'continue', 'cancel', 'delete'].map(
  (name) => `TrainingController.${name}`,
);

const logExample =
  '2026-11-20T10:20:30.456Z service Status: running.\n' +
  '2026-11-20T10:20:31.020Z service Phase: preparing.\n' +
  '2026-11-20T10:20:31.734Z service Engine: TensorFlow 2.15.1 on the CPU. Native TensorFlow is installed.\n';

const ApiRunId = () => ApiParam({ name: 'id', example: 'run_01JD3W5M4E7Y2V0N8GQ6T1CXZA' });

@ApiTags('training')
@Controller('train')
export class TrainingController {
  constructor(
    private readonly training: TrainingService,
    private readonly comparisons: RunComparisons,
    private readonly logs: RunLogs,
    private readonly datasets: DatasetsService,
    private readonly idempotency: IdempotencyService,
    private readonly settings: Settings,
  ) {}

  @Post()
  @Needs('train')
  @Idempotent()
  @HttpCode(202)
  @RouteConfig(takesForm)
  @ApiOperation({
    summary: 'Fine-tune a model',
    description:
      'Adds a run to the queue. One run trains at a time, unless `WELLFORMED_CONCURRENT_RUNS` allows more. Send a form with a file of labelled sentences (as for `POST /datasets`), or ' +
      'JSON with the id of an uploaded dataset. Follow the run under the `Location` of the answer.\n\n' +
      'With `dryRun=true` the service checks the request in the same way and stores nothing. The answer says how long the run would ' +
      'take, how much memory and disk it needs, and which problems to expect. The first time for a base model, the service measures its ' +
      'speed, which takes some seconds.\n\n' +
      '    curl -F file=@in_domain_train.tsv -F validationFile=@in_domain_dev.tsv localhost:3000/train',
    requestBody: {
      required: true,
      content: {
        'multipart/form-data': {
          schema: { $ref: getSchemaPath(TrainingFormDto) },
          encoding: {
            file: { contentType: fileTypes },
            validationFile: { contentType: fileTypes },
          },
        },
        'application/json': {
          schema: { $ref: getSchemaPath(TrainingJsonDto) },
          example: { datasetId: 'ds_01JD3W3Y6V8M2C9T4XQZ7N5KHB', baseModel: 'all-MiniLM-L6-v2', epochs: 3 },
        },
      },
    },
  })
  @ApiExtraModels(TrainingFormDto, TrainingJsonDto)
  @ApiOkResponse({
    type: TrainingEstimateDto,
    description: 'With `dryRun`: what the run would need. Nothing is stored.',
  })
  @ApiAcceptedResponse({
    type: RunDto,
    description: 'The run is in the queue.',
    headers: { Location: { description: 'Path of the run.', schema: { type: 'string' } } },
    links: linksTo(ofRun, { id: '$response.body#/id' }),
  })
  @ApiProblems(400, 404, 409, 413, 415, 422, 429, 503)
  async create(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Query() { dryRun = false }: TrainingQuery,
  ): Promise<RunDto | TrainingEstimateDto> {
    return this.asked(request, async (asked, files) => {
      if (dryRun) {
        reply.status(200);
        return TrainingEstimateDto.of(await this.training.estimate(asked, files));
      }
      return this.accept(request, reply, (alongside) =>
        this.training.create(asked, files, request.span, alongside),
      );
    });
  }

  @Get()
  @Needs('train')
  @ApiOperation({ summary: 'List runs, newest first' })
  @ApiOkResponse({ type: RunPageDto })
  @ApiProblems(422)
  async list(@Query() { status, sweep, ...query }: RunsQuery): Promise<RunPageDto> {
    const filter = { ...(status && { status }), ...(sweep && { sweepId: sweep }) };
    const { items, nextCursor } = await this.training.list(query, filter);
    const places = await this.placesOf(items);
    return { items: items.map((run) => RunSummaryDto.of(run, places?.get(run.id))), nextCursor };
  }

  @Get('compare')
  @Needs('train')
  @ApiOperation({
    summary:
      'Compare runs: their curves, what they were asked for differently, and how their judgements differ',
    description:
      'For each pair of runs that were validated on the same rows, the answer has the difference of their MCCs with its 95 % interval, ' +
      "and McNemar's exact test. Both compare the best evaluations row by row.\n\n" +
      '    curl localhost:3000/train/compare?ids=run_01JD3W5M4E7Y2V0N8GQ6T1CXZA,run_01JD3XK2R8B5H1M7CQ9V4WZE0T',
  })
  @ApiOkResponse({ type: RunComparisonDto })
  @ApiProblems(404, 422)
  async compare(@Query() { ids, points }: RunComparisonQuery): Promise<RunComparisonDto> {
    return RunComparisonDto.of(await this.comparisons.compare(ids, points));
  }

  @Get(':id')
  @Needs('train')
  @ApiOperation({ summary: 'Show a run: how far it is and how well it does' })
  @ApiRunId()
  @ApiOkResponse({ type: RunDto })
  @ApiProblems(404)
  async get(@Param('id') id: string): Promise<RunDto> {
    return this.shown(await this.training.get(id));
  }

  @Get(':id/metrics')
  @Needs('train')
  @ApiOperation({ summary: 'Show the loss curve of a run, its epochs and evaluations' })
  @ApiRunId()
  @ApiOkResponse({ type: RunMetricsDto })
  @ApiProblems(404, 422)
  async metrics(@Param('id') id: string, @Query() { points }: RunMetricsQuery): Promise<RunMetricsDto> {
    const { epochs, evaluations } = await this.training.get(id);
    const steps = await this.training.steps(id, points);
    return {
      runId: id,
      points: steps.map(({ data }) => RunPointDto.of(data)),
      epochs: epochs.map(RunEpochDto.of),
      evaluations: evaluations.map(RunEvaluationDto.of),
    };
  }

  @Get(':id/events')
  @Needs('train')
  @ApiOperation({
    summary: 'Follow a run as server-sent events',
    description:
      'Sends the events so far, then each new event: `status`, `phase`, `download`, `engine`, `plan`, `step` (at most two per second), ' +
      '`evaluation`, `epoch`, `stoppedEarly`, `checkpoint` and `resumed`. `RunEventDataDto` has their data. The stream ends with the run. After a broken ' +
      'connection, send the id of the last event as `Last-Event-ID`. Browsers do so by themselves.\n\n' +
      '    curl -N localhost:3000/train/run_01JD3W5M4E7Y2V0N8GQ6T1CXZA/events',
  })
  @ApiRunId()
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'Id of the last event that the client received.',
    example: '17',
  })
  @ApiExtraModels(RunEventDataDto)
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ description: 'The events.', schema: runEventSchema })
  @ApiNoContentResponse({
    description: 'The run has ended and the client has its last event. Do not ask again.',
  })
  @ApiProblems(404, 429)
  async events(
    @Param('id') id: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AsyncIterable<string> | undefined> {
    const after = /^\d{1,15}$/.test(lastEventId ?? '') ? Number(lastEventId) : 0;
    if (await this.training.isOver(id, after)) {
      reply.status(204);
      return undefined;
    }
    const { events, leave } = this.training.follow(id, after);
    reply.raw.once('close', leave);
    reply.header('content-type', 'text/event-stream; charset=utf-8');
    reply.header('cache-control', 'no-store');
    // Proxies would else keep events back until their buffer is full.
    reply.header('x-accel-buffering', 'no');
    return eventTexts(events);
  }

  @Get(':id/log')
  @Needs('train')
  @ApiOperation({
    summary: 'Show the log of a run, oldest line first',
    description:
      'The log has what the training process and its engine printed, and what the service says about the run. If an error that nobody ' +
      'expected ends the run, the log has its stack. The first 200 and the last 800 lines of a run are kept; a gap in `sequence` shows where ' +
      'lines are missing.\n\n' +
      'To get new lines only, send the `sequence` of your last line as `cursor`. With `Accept: text/plain` the answer is the whole log as ' +
      'text, one line each.\n\n' +
      "    curl -H 'accept: text/plain' localhost:3000/train/run_01JD3W5M4E7Y2V0N8GQ6T1CXZA/log",
  })
  @ApiRunId()
  @ApiExtraModels(RunLogPageDto)
  @ApiOkResponse({
    description: 'A page of lines, or the log as text.',
    content: {
      'application/json': { schema: { $ref: getSchemaPath(RunLogPageDto) } },
      'text/plain': { schema: { type: 'string' }, example: logExample },
    },
  })
  @ApiProblems(404, 422)
  async log(
    @Param('id') id: string,
    @Query() query: RunLogQuery,
    @Headers('accept') accept: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RunLogPageDto | string> {
    reply.header('vary', 'accept');
    if (wantsText(accept)) {
      reply.type('text/plain; charset=utf-8');
      return logText(await this.logs.all(id));
    }
    const { items, nextCursor } = await this.logs.page(id, query);
    return { items: items.map(RunLogLineDto.of), nextCursor };
  }

  @Post(':id/pause')
  @Needs('train')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Pause a run',
    description:
      'A queued run is held. A run at work stores a checkpoint at the end of its step and stops. `POST /train/{id}/resume` goes on.',
  })
  @ApiRunId()
  @ApiAcceptedResponse({ type: RunDto, description: 'The run as it is now.' })
  @ApiProblems(404, 409)
  async pause(@Param('id') id: string): Promise<RunDto> {
    return this.shown(await this.training.pause(id));
  }

  @Post(':id/resume')
  @Needs('train')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Resume a paused or interrupted run',
    description:
      'The run goes back into the queue, and goes on from its latest checkpoint. On the same machine and engine its weights will be those ' +
      'of a run that was never paused, bit for bit.',
  })
  @ApiRunId()
  @ApiAcceptedResponse({ type: RunDto, description: 'The run as it is now.' })
  @ApiProblems(404, 409)
  async resume(@Param('id') id: string): Promise<RunDto> {
    return this.shown(await this.training.resume(id));
  }

  @Post(':id/continue')
  @Needs('train')
  @Idempotent()
  @HttpCode(202)
  @ApiOperation({
    summary: 'Train on after the end of a run',
    description:
      'Starts a new run with the same data and settings. It goes on from the checkpoint of a cancelled run, with the learning-rate schedule ' +
      'of all epochs together. The checkpoint of a run that has succeeded is gone: the new run begins with the weights of its model, and ' +
      'has a schedule of its own.',
  })
  @ApiRunId()
  @ApiAcceptedResponse({
    type: RunDto,
    description: 'The new run is in the queue.',
    headers: { Location: { description: 'Path of the new run.', schema: { type: 'string' } } },
    links: linksTo(ofRun, { id: '$response.body#/id' }),
  })
  @ApiProblems(400, 404, 409, 422, 429)
  async continue(
    @Param('id') id: string,
    @Body() { epochs }: ContinueRunDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RunDto> {
    return this.accept(request, reply, (alongside) => this.training.continue(id, epochs, alongside));
  }

  @Post(':id/cancel')
  @Needs('train')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Cancel a run',
    description:
      'A queued run is cancelled at once, a running one at the end of its step. No model is registered.',
  })
  @ApiRunId()
  @ApiAcceptedResponse({ type: RunDto, description: 'The run as it is now.' })
  @ApiProblems(404, 409)
  async cancel(@Param('id') id: string): Promise<RunDto> {
    return this.shown(await this.training.cancel(id));
  }

  @Delete(':id')
  @Needs('admin')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a run that has ended, its events and its log' })
  @ApiRunId()
  @ApiNoContentResponse({ description: 'Deleted.' })
  @ApiProblems(404, 409)
  async delete(@Param('id') id: string): Promise<void> {
    await this.training.delete(id);
  }

  /** A run with its place in the queue. */
  private async shown(run: Run): Promise<RunDto> {
    const places = await this.placesOf([run]);
    return RunDto.of(run, places?.get(run.id));
  }

  /** Null where none of the runs waits. */
  private async placesOf(runs: readonly Pick<Run, 'status'>[]) {
    return runs.some(({ status }) => status === 'queued') ? this.training.places() : null;
  }

  /**
   * Answers with a new run.
   * @param start calls back in the transaction that stores the run: the answer is stored there too, for a request that comes again
   */
  private async accept(
    request: FastifyRequest,
    reply: FastifyReply,
    start: (alongside: (run: Run) => Promise<void>) => Promise<Run>,
  ): Promise<RunDto> {
    let body: RunDto | undefined;
    const run = await start(async (created) => {
      body = await this.shown(created);
      await this.idempotency.remember(request, { status: 202, location: locationOf(created), body });
    });
    reply.header('location', locationOf(run));
    return body ?? this.shown(run);
  }

  /** Hands on what a request asks for. Fields of a form may come after the files, so nothing is done until the whole form is there. */
  private async asked<T>(
    request: FastifyRequest,
    answer: (asked: TrainingRequestDto, files: Uploads) => Promise<T>,
  ): Promise<T> {
    if (!request.isMultipart()) return answer(await validated(TrainingRequestDto, request.body, 'body'), {});
    const { fields, files } = await readForm(request, {
      files: ['file', 'validationFile'],
      tells: ['format'],
      maxFileBytes: this.settings.maxUploadBytes,
      read: (file) => this.datasets.prepare(file.stream, { ...file, ...file.told }),
      discard: (prepared) => prepared.discard(),
    });
    try {
      // A form sends what was left empty as an empty text.
      const given = fields.filter((field) => 'json' in field || field.text.trim() !== '');
      return await answer(
        await validated(TrainingRequestDto, formValues(TrainingRequestDto, given), 'form'),
        files,
      );
    } finally {
      for (const prepared of Object.values(files)) await prepared.discard();
    }
  }
}

/** Libraries name both types in every request: they read JSON. */
function wantsText(accept = ''): boolean {
  return /\btext\/plain\b/i.test(accept) && !/\bapplication\/json\b/i.test(accept);
}

function locationOf({ id }: Run): string {
  return `/train/${id}`;
}

async function* eventTexts(
  news: ReturnType<TrainingService['follow']>['events'],
): AsyncGenerator<string, void, void> {
  // Headers leave with the first bytes: a queued run may have nothing to tell for long.
  yield ': events follow\n\n';
  for await (const events of news) {
    yield events === 'alive' ? ': alive\n\n' : events.map(eventText).join('');
  }
}
