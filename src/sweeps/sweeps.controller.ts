import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { linksTo } from '../api/api-links.js';
import { ApiProblems } from '../api/api-problems.decorator.js';
import { Needs } from '../auth/access.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';
import { Idempotent } from '../idempotency/idempotent.decorator.js';
import { SweepDto, SweepEstimateDto, SweepPageDto, SweepSummaryDto } from './dto/sweep.dto.js';
import { NewSweepQuery, SweepRequestDto, SweepsQuery } from './dto/sweep-request.dto.js';
import { SweepResultsDto } from './dto/sweep-results.dto.js';
import type { Sweep } from './sweep.js';
import { SweepsService } from './sweeps.service.js';

const ofSweep = ['get', 'results', 'pause', 'resume', 'cancel', 'delete'].map(
  (name) => `SweepsController.${name}`,
);

const ApiSweepId = () => ApiParam({ name: 'id', example: 'swp_01JD3XS5T8B1H6M4CQ2V7WZE0R' });

@ApiTags('sweeps')
@Controller('sweeps')
export class SweepsController {
  constructor(
    private readonly sweeps: SweepsService,
    private readonly idempotency: IdempotencyService,
  ) {}

  @Post()
  @Needs('train')
  @Idempotent()
  @HttpCode(202)
  @ApiOperation({
    summary: 'Search hyperparameters with many runs',
    description:
      'Starts a run for each combination of hyperparameters and each seed, as many at a time as `WELLFORMED_CONCURRENT_RUNS` allows. Other ' +
      'runs come first. ' +
      "Without `space`, the combinations are the article's grid: 18 runs. The service keeps the model of the best run and deletes the " +
      'others; all runs keep their figures.\n\n' +
      'With `dryRun=true` the service checks the request in the same way, says how many runs there would be and how long they would take, ' +
      'and stores nothing.\n\n' +
      `    curl -H 'Content-Type: application/json' -d '{"datasetId": "ds_01JD3W3Y6V8M2C9T4XQZ7N5KHB"}' localhost:3000/sweeps`,
  })
  @ApiOkResponse({
    type: SweepEstimateDto,
    description: 'With `dryRun`: what the sweep would take. Nothing is stored.',
  })
  @ApiAcceptedResponse({
    type: SweepDto,
    description: 'The sweep has begun.',
    headers: { Location: { description: 'Path of the sweep.', schema: { type: 'string' } } },
    links: linksTo(ofSweep, { id: '$response.body#/id' }),
  })
  @ApiProblems(400, 404, 409, 413, 415, 422, 503)
  async create(
    @Body() body: SweepRequestDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Query() { dryRun = false }: NewSweepQuery,
  ): Promise<SweepDto | SweepEstimateDto> {
    const asked = SweepRequestDto.read(body);
    if (dryRun) {
      reply.status(200);
      return SweepEstimateDto.of(await this.sweeps.estimate(asked));
    }
    const sweep = await this.sweeps.create(asked, (created) =>
      this.idempotency.remember(request, {
        status: 202,
        location: locationOf(created),
        body: begun(created),
      }),
    );
    reply.header('location', locationOf(sweep));
    return begun(sweep);
  }

  @Get()
  @Needs('train')
  @ApiOperation({ summary: 'List sweeps, newest first' })
  @ApiOkResponse({ type: SweepPageDto })
  @ApiProblems(422)
  async list(@Query() { status, ...query }: SweepsQuery): Promise<SweepPageDto> {
    const { items, nextCursor } = await this.sweeps.list(query, status);
    return { items: items.map(SweepSummaryDto.of), nextCursor };
  }

  @Get(':id')
  @Needs('train')
  @ApiOperation({ summary: 'Show a sweep: how far it is, and its best run' })
  @ApiSweepId()
  @ApiOkResponse({ type: SweepDto })
  @ApiProblems(404)
  async get(@Param('id') id: string): Promise<SweepDto> {
    return SweepDto.of(await this.sweeps.get(id));
  }

  @Get(':id/results')
  @Needs('train')
  @ApiOperation({
    summary: 'Show the results of a sweep: its combinations, best first, and what each hyperparameter does',
    description: 'Also while it runs, with what there is so far.',
  })
  @ApiSweepId()
  @ApiOkResponse({ type: SweepResultsDto })
  @ApiProblems(404)
  async results(@Param('id') id: string): Promise<SweepResultsDto> {
    return SweepResultsDto.of(await this.sweeps.results(id));
  }

  @Post(':id/pause')
  @Needs('train')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Pause a sweep',
    description: 'Its runs at work store a checkpoint and stop, and no further run starts.',
  })
  @ApiSweepId()
  @ApiAcceptedResponse({ type: SweepDto, description: 'The sweep as it is now.' })
  @ApiProblems(404, 409)
  async pause(@Param('id') id: string): Promise<SweepDto> {
    return SweepDto.of(await this.sweeps.pause(id));
  }

  @Post(':id/resume')
  @Needs('train')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Resume a sweep that is paused, or has paused runs',
    description: 'Its paused runs go on from their checkpoints, those too that were paused alone.',
  })
  @ApiSweepId()
  @ApiAcceptedResponse({ type: SweepDto, description: 'The sweep as it is now.' })
  @ApiProblems(404, 409)
  async resume(@Param('id') id: string): Promise<SweepDto> {
    return SweepDto.of(await this.sweeps.resume(id));
  }

  @Post(':id/cancel')
  @Needs('train')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Cancel a sweep',
    description:
      'Its runs are cancelled and leave no checkpoint, and no other starts. The best model so far stays registered and is not promoted.',
  })
  @ApiSweepId()
  @ApiAcceptedResponse({ type: SweepDto, description: 'The sweep as it is now.' })
  @ApiProblems(404, 409)
  async cancel(@Param('id') id: string): Promise<SweepDto> {
    return SweepDto.of(await this.sweeps.cancel(id));
  }

  @Delete(':id')
  @Needs('admin')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Delete a sweep that has ended, and its runs',
    description: 'A run whose model is still registered stays.',
  })
  @ApiSweepId()
  @ApiNoContentResponse({ description: 'Deleted.' })
  @ApiProblems(404, 409)
  async delete(@Param('id') id: string): Promise<void> {
    await this.sweeps.delete(id);
  }
}

function begun(sweep: Sweep): SweepDto {
  return SweepDto.of({ ...sweep, progress: { runs: {}, seconds: 0, secondsLeft: null }, best: null });
}

function locationOf({ id }: Sweep): string {
  return `/sweeps/${id}`;
}
