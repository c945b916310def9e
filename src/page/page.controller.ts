import { Controller, Get, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Area } from '../auth/access.js';
import { buildInfo } from '../common/build-info.js';
import { PAGE_POLICY, PageFiles } from './page-files.js';

/** Where a program finds what it needs. */
export class IndexDto {
  /** @example wellformed */
  name!: string;
  /** @example 0.1.0 */
  version!: string;
  /** The OpenAPI document. @example /openapi.json */
  openapi!: string;
  /** The same, for people. @example /docs */
  documentation!: string;
  /** The main routes, by what they are for. */
  routes!: Record<string, string>;
}

const index: IndexDto = {
  name: 'wellformed',
  version: buildInfo.version,
  openapi: '/openapi.json',
  documentation: '/docs',
  routes: {
    predict: '/predict',
    train: '/train',
    datasets: '/datasets',
    models: '/models',
    aliases: '/aliases',
    health: '/health/ready',
    metrics: '/metrics',
  },
};

@ApiTags('operations')
@Controller()
export class PageController {
  constructor(private readonly files: PageFiles) {}

  @Get()
  @Area('page')
  @RouteConfig({ policy: PAGE_POLICY })
  @ApiExtraModels(IndexDto)
  @ApiOperation({ summary: 'Show the page to a browser, and a short index of the API to a program' })
  @ApiOkResponse({
    content: {
      'application/json': { schema: { $ref: getSchemaPath(IndexDto) } },
      'text/html': { schema: { type: 'string' } },
    },
  })
  show(
    @Req() { headers }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): IndexDto | string {
    reply.header('vary', 'accept');
    const { html } = this.files;
    if (html === undefined || !headers.accept?.includes('text/html')) return index;
    reply.header('cache-control', 'no-cache').type('text/html; charset=utf-8');
    return html;
  }
}
