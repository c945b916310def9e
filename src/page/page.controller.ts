import { Controller, Get, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiExtraModels, ApiOkResponse, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Area } from '../auth/access.js';
import { buildInfo } from '../common/build-info.js';
import { IndexDto } from './index.dto.js';
import { PAGE_POLICY, PageFiles } from './page-files.js';

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
  @ApiOperation({ summary: 'Return the page to a browser, and a short index of the API to a program' })
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
