import { Controller, Get, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ApiProblems } from '../api/api-problems.decorator.js';
import { scopes } from '../config/api-key-list.js';
import { Settings } from '../config/settings.js';
import { Needs } from './access.js';
import { WhoAmIDto } from './whoami.dto.js';

@ApiTags('operations')
@Controller('whoami')
export class WhoAmIController {
  constructor(private readonly settings: Settings) {}

  @Get()
  @Needs(...scopes)
  @ApiOperation({
    summary: 'Show the key in use: its name, its scopes and its limits',
    description:
      'Any key may ask. If the service runs without keys, the caller is `anonymous` and has every scope.',
  })
  @ApiOkResponse({ type: WhoAmIDto })
  @ApiProblems()
  whoAmI(@Req() { apiKey }: FastifyRequest): WhoAmIDto {
    const { rateLimit, maxBodyBytes, maxUploadBytes } = this.settings;
    return {
      // If keys are required, the gatekeeper has refused requests without one.
      anonymous: apiKey === null,
      name: apiKey?.name ?? null,
      scopes: !apiKey || apiKey.scopes.includes('admin') ? scopes : apiKey.scopes,
      limits: {
        requestsPerMinute: rateLimit === 0 ? null : rateLimit,
        bodyBytes: maxBodyBytes,
        uploadBytes: maxUploadBytes,
      },
    };
  }
}
