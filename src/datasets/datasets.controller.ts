import { Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import {
  ApiCreatedResponse,
  ApiExtraModels,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Needs } from '../auth/access.js';
import { linksTo } from '../api/api-links.js';
import { ApiProblems } from '../api/api-problems.decorator.js';
import { InvalidInputError } from '../common/errors.js';
import { readForm, takesForm } from '../api/multipart.js';
import { PageQuery } from '../api/page-query.js';
import { formValues } from '../api/form-values.js';
import { validated } from '../api/validation.js';
import { Settings } from '../config/settings.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';
import { Idempotent } from '../idempotency/idempotent.decorator.js';
import { CatalogueService } from './catalogue/catalogue.service.js';
import type { Dataset } from './dataset.js';
import { DatasetsService } from './datasets.service.js';
import { AddDatasetDto, CatalogueDto, CatalogueEntryDto } from './dto/catalogue.dto.js';
import { DatasetDto, DatasetPageDto } from './dto/dataset.dto.js';
import { RowDto, RowPageDto, RowsQuery } from './dto/row.dto.js';
import { UploadDatasetFields, UploadDatasetForm } from './dto/upload-dataset.dto.js';

/** Content types of the files of a form, for OpenAPI. */
const fileTypes = 'text/tab-separated-values, text/csv, application/x-ndjson';

const ofDataset = ['DatasetsController.get', 'DatasetsController.rows', 'DatasetsController.delete'];

const ApiDatasetId = () => ApiParam({ name: 'id', example: 'ds_01JDB6X2S7N4M0QK8T5V9W3YZA' });

@ApiTags('datasets')
@Controller('datasets')
export class DatasetsController {
  constructor(
    private readonly datasets: DatasetsService,
    private readonly catalogue: CatalogueService,
    private readonly idempotency: IdempotencyService,
    private readonly settings: Settings,
  ) {}

  @Post()
  @Needs('train')
  @Idempotent()
  @RouteConfig(takesForm)
  @ApiOperation({
    summary: 'Upload labelled sentences, or add a data set by name',
    description:
      'Send a form with a file, or JSON with the name of a data set of the catalogue (`GET /datasets/catalogue`). The service then ' +
      'downloads that data set. The answer is the same. For a data set of the catalogue it has the licence: read it before you use the ' +
      'data.\n\n' +
      '    curl --json \'{"source": "cola/train"}\' localhost:3000/datasets\n\n' +
      'A file is text in UTF-8, with or without BOM. Its lines end with LF or CRLF. It has one of these formats:\n\n' +
      '- TSV: columns separated by tabs. There is no quoting: a quote mark is part of the text.\n' +
      '- CSV (RFC 4180): columns separated by commas, semicolons or tabs. A field in quote marks may contain all of these and line ' +
      'breaks. Double a quote mark inside such a field.\n' +
      '- JSON lines: an object with `sentence` and `label` on each line, and `source` and `mark` if you have them.\n\n' +
      'The field `format` names the format. Without it, the content type of the file decides, then its name: `.csv`, `.jsonl`, ' +
      '`.ndjson` or `.json`. Any other file is TSV. TSV and CSV may have these columns:\n\n' +
      '- CoLA’s four, without a header: source, label, the author’s mark, sentence.\n' +
      '- Any columns, with a header row that names `sentence` and `label`, and `source` and `mark` if you have them.\n' +
      '- Two columns without a header: sentence and label in either order. The one with 0 or 1 in the first line is the label.\n\n' +
      'A label is 1 (acceptable) or 0 (unacceptable). If any line is wrong, nothing is stored, and the answer lists the first 100 ' +
      'errors. Odd rows are stored and reported as `warnings`: duplicates, contradictions, quoting in TSV, invisible or damaged ' +
      'characters, HTML entities, another language than English, very long sentences, a rare or missing class.\n\n' +
      '    curl -F file=@in_domain_train.tsv localhost:3000/datasets',
    requestBody: {
      required: true,
      content: {
        'multipart/form-data': {
          schema: { $ref: getSchemaPath(UploadDatasetForm) },
          encoding: { file: { contentType: fileTypes } },
        },
        'application/json': {
          schema: { $ref: getSchemaPath(AddDatasetDto) },
          example: { source: 'cola/train' },
        },
      },
    },
  })
  @ApiExtraModels(UploadDatasetForm, AddDatasetDto)
  @ApiCreatedResponse({
    type: DatasetDto,
    description: 'Stored.',
    headers: { Location: { description: 'Path of the data set.', schema: { type: 'string' } } },
    links: linksTo(ofDataset, { id: '$response.body#/id' }),
  })
  @ApiProblems(400, 413, 415, 422, 503)
  async upload(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DatasetDto> {
    return isJson(request) ? this.fromCatalogue(request, reply) : this.fromForm(request, reply);
  }

  /** List the data sets that can be added by name */
  @Get('catalogue')
  @Needs('train')
  listCatalogue(): CatalogueDto {
    return { items: this.catalogue.entries.map(CatalogueEntryDto.of) };
  }

  @Get()
  @Needs('train')
  @ApiOperation({ summary: 'List data sets, newest first' })
  @ApiOkResponse({ type: DatasetPageDto })
  @ApiProblems(422)
  async list(@Query() query: PageQuery): Promise<DatasetPageDto> {
    const { items, nextCursor } = await this.datasets.list(query);
    return { items: items.map(DatasetDto.of), nextCursor };
  }

  @Get(':id')
  @Needs('train')
  @ApiOperation({ summary: 'Show a data set: its counts, statistics and warnings' })
  @ApiDatasetId()
  @ApiOkResponse({ type: DatasetDto })
  @ApiProblems(404, 503)
  async get(@Param('id') id: string): Promise<DatasetDto> {
    return DatasetDto.of(await this.datasets.get(id));
  }

  @Get(':id/rows')
  @Needs('train')
  @ApiOperation({
    summary: 'Read the rows of a data set, in the order of the file',
    description:
      'With `label` or `search`, any page may have fewer rows than `limit`, or none. Go on until `nextCursor` is null.',
  })
  @ApiDatasetId()
  @ApiOkResponse({
    type: RowPageDto,
    links: linksTo(['DatasetsController.rows'], {
      id: '$request.path.id',
      cursor: '$response.body#/nextCursor',
    }),
  })
  @ApiProblems(404, 422, 503)
  async rows(@Param('id') id: string, @Query() query: RowsQuery): Promise<RowPageDto> {
    const { items, nextCursor } = await this.datasets.rows(id, query);
    return { items: items.map(RowDto.of), nextCursor };
  }

  @Delete(':id')
  @Needs('admin')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a data set that nothing uses' })
  @ApiDatasetId()
  @ApiNoContentResponse({ description: 'Deleted.' })
  @ApiProblems(404, 409)
  async delete(@Param('id') id: string): Promise<void> {
    await this.datasets.delete(id);
  }

  private async fromForm(request: FastifyRequest, reply: FastifyReply): Promise<DatasetDto> {
    const { fields, files } = await readForm(request, {
      files: ['file'],
      tells: ['format'],
      maxFileBytes: this.settings.maxUploadBytes,
      read: (file) => this.datasets.prepare(file.stream, { ...file, ...file.told }),
      discard: (prepared) => prepared.discard(),
    });
    if (!files.file) {
      const message = 'file is missing. With curl: -F file=@sentences.tsv';
      throw new InvalidInputError(`The form is not valid: ${message}`, [{ path: ['file'], message }]);
    }
    try {
      const { name } = await validated(UploadDatasetFields, formValues(UploadDatasetFields, fields), 'form');
      return await this.store(await files.file.publish(name), request, reply);
    } finally {
      await files.file.discard();
    }
  }

  private async fromCatalogue(request: FastifyRequest, reply: FastifyReply): Promise<DatasetDto> {
    const { source, name } = await validated(AddDatasetDto, request.body, 'body');
    const gone = new AbortController();
    const leave = () => gone.abort();
    reply.raw.once('close', leave);
    try {
      return await this.store(await this.catalogue.publish(source, name, gone.signal), request, reply);
    } finally {
      reply.raw.off('close', leave);
    }
  }

  /** Stores a published data set together with the answer. */
  private async store(dataset: Dataset, request: FastifyRequest, reply: FastifyReply): Promise<DatasetDto> {
    const location = `/datasets/${dataset.id}`;
    const body = DatasetDto.of(dataset);
    await this.datasets.storePublished([dataset], () =>
      this.idempotency.remember(request, { status: 201, location, body }),
    );
    reply.header('location', location);
    return body;
  }
}

function isJson({ headers }: FastifyRequest): boolean {
  return /^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '');
}
