import type { IncomingHttpHeaders } from 'node:http';
import path from 'node:path';
import { Controller, Get, Headers, HttpStatus, Param, Req, Res, StreamableFile } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Needs } from '../auth/access.js';
import { ApiProblems } from '../api/api-problems.decorator.js';
import { RangeNotSatisfiableError } from '../common/errors.js';
import type { StoredFile } from '../storage/blob-store.js';
import { parseRange, type ByteRange } from './byte-range.js';
import { ApiModelParam } from './dto/parameters.js';
import { ModelsService } from './models.service.js';

const content = {
  'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
  'application/json': { schema: {} },
  'text/markdown': { schema: { type: 'string' } },
  'text/plain': { schema: { type: 'string' } },
} as const;

const etagHeader = {
  ETag: { description: 'SHA-256 of the whole file, in quotation marks.', schema: { type: 'string' } },
} as const;

const acceptRanges = {
  'Accept-Ranges': { description: '`bytes`: the client can request parts.', schema: { type: 'string' } },
} as const;

@ApiTags('models')
@Controller('models/:id/files')
export class ModelFilesController {
  constructor(private readonly models: ModelsService) {}

  @Get(':name')
  @Needs('train')
  @ApiOperation({
    summary: 'Download a file of a model, or a part of it',
    description:
      'The service checks the file against its SHA-256 before it sends the first byte. The SHA-256 is also the ETag, because a file ' +
      'never changes. An interrupted download can continue where it ended:\n\n' +
      '    curl -C - -O localhost:3000/models/production/files/model.safetensors',
  })
  @ApiModelParam()
  @ApiParam({ name: 'name', description: 'One of the `files` of the model.', example: 'README.md' })
  @ApiHeader({
    name: 'if-none-match',
    description: 'ETags of the versions that the client has.',
    required: false,
  })
  @ApiHeader({
    name: 'range',
    description:
      'One part of the file: `bytes=100-199`, `bytes=100-` or `bytes=-100`. If the header has several parts, the whole file is sent.',
    required: false,
    schema: { type: 'string', example: 'bytes=100-' },
  })
  @ApiHeader({
    name: 'if-range',
    description:
      'ETag of the parts that the client has. If the file has another ETag, the whole file is sent.',
    required: false,
  })
  @ApiOkResponse({ description: 'The file.', content, headers: { ...etagHeader, ...acceptRanges } })
  @ApiResponse({
    status: HttpStatus.PARTIAL_CONTENT,
    description: 'The requested part.',
    content,
    headers: {
      ...etagHeader,
      ...acceptRanges,
      'Content-Range': {
        description: 'Position of the part: `bytes 100-199/438000000`.',
        schema: { type: 'string' },
      },
    },
  })
  @ApiResponse({
    status: HttpStatus.NOT_MODIFIED,
    description: 'The client already has the file.',
    headers: etagHeader,
  })
  @ApiProblems(404, 416, 503)
  async download(
    @Param('id') idOrAlias: string,
    @Param('name') name: string,
    @Headers() headers: IncomingHttpHeaders,
    @Req() { method }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile | undefined> {
    const model = await this.models.find(idOrAlias);
    const file = await this.models.openFile(model, name);
    try {
      const etag = `"${file.sha256}"`;
      if (matches(headers['if-none-match'], etag)) {
        await file.handle.close();
        reply.status(HttpStatus.NOT_MODIFIED).header('etag', etag).header('cache-control', 'no-cache');
        return undefined;
      }
      const part = method === 'GET' ? partOf(file, headers, etag, reply) : null;
      const { start, end } = part ?? { start: 0, end: file.size };
      if (part)
        reply
          .status(HttpStatus.PARTIAL_CONTENT)
          .header('content-range', `bytes ${start}-${end - 1}/${file.size}`);
      reply.header('etag', etag).header('cache-control', 'no-cache').header('accept-ranges', 'bytes');
      return new StreamableFile(file.read({ start, end: method === 'HEAD' ? start : end }), {
        type: contentTypes[path.extname(name)] ?? 'application/octet-stream',
        disposition: `attachment; filename="${name}"`,
        length: end - start,
      });
    } catch (error) {
      await file.handle.close();
      throw error;
    }
  }
}

/** @returns null if the whole file is to be sent */
function partOf(
  { size }: StoredFile,
  { range, 'if-range': ifRange }: IncomingHttpHeaders,
  etag: string,
  reply: FastifyReply,
): ByteRange | null {
  try {
    return parseRange(range, { ifRange: ifRange as string | undefined, etag, size });
  } catch (error) {
    if (error instanceof RangeNotSatisfiableError) reply.header('content-range', `bytes */${size}`);
    throw error;
  }
}

const contentTypes: Record<string, string> = {
  '.json': 'application/json; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
};

function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  const known = ifNoneMatch?.split(',').map((one) => one.trim().replace(/^W\//, '')) ?? [];
  return known.includes(etag) || known.includes('*');
}
