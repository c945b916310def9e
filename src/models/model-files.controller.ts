import { open } from 'node:fs/promises';
import path from 'node:path';
import { Controller, Get, Headers, HttpStatus, Param, Res, StreamableFile } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Needs } from '../auth/access.js';
import { ApiProblems } from '../common/api-problems.decorator.js';
import { NotFoundError } from '../common/errors.js';
import { ApiModelParam } from './dto/parameters.js';
import type { ModelVersion } from './model-version.js';
import { ModelsService } from './models.service.js';

@ApiTags('models')
@Controller('models/:id/files')
export class ModelFilesController {
  constructor(private readonly models: ModelsService) {}

  /** Download a file of a model; its sha256 is the ETag, since a file never changes */
  @Get(':name')
  @Needs('train')
  @ApiModelParam()
  @ApiParam({ name: 'name', description: 'One of the `files` of the model.', example: 'README.md' })
  @ApiHeader({ name: 'if-none-match', description: 'ETags of what the client has.', required: false })
  @ApiOkResponse({
    description: 'The file.',
    content: {
      'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
      'application/json': { schema: {} },
      'text/markdown': { schema: { type: 'string' } },
      'text/plain': { schema: { type: 'string' } },
    },
  })
  @ApiResponse({ status: HttpStatus.NOT_MODIFIED, description: 'The client has it already.' })
  @ApiProblems(404, 503)
  async download(
    @Param('id') idOrAlias: string,
    @Param('name') name: string,
    @Headers('if-none-match') known: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile | undefined> {
    const model = await this.models.find(idOrAlias);
    // Only what the registry names is ever opened: the name from outside never becomes a path.
    const file = model.files.find((one) => one.name === name) ?? noSuchFile(model, name);
    const etag = `"${file.sha256}"`;
    reply.header('etag', etag).header('cache-control', 'no-cache');
    if (matches(known, etag)) {
      reply.status(HttpStatus.NOT_MODIFIED);
      return undefined;
    }
    const handle = await open(path.join(await this.models.folder(model.id), file.name));
    return new StreamableFile(handle.createReadStream(), {
      type: contentTypes[path.extname(file.name)] ?? 'application/octet-stream',
      disposition: `attachment; filename="${file.name}"`,
      length: file.size,
    });
  }
}

const contentTypes: Record<string, string> = {
  '.json': 'application/json; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
};

function noSuchFile(model: ModelVersion, name: string): never {
  const names = model.files.map((file) => file.name).join(', ');
  throw new NotFoundError(`Model ${model.id} has no file "${name}". It has: ${names}.`);
}

function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  const known = ifNoneMatch?.split(',').map((one) => one.trim().replace(/^W\//, '')) ?? [];
  return known.includes(etag) || known.includes('*');
}
