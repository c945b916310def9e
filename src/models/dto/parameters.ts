import { ApiParam } from '@nestjs/swagger';
import { aliasNamePattern, aliasNameRule } from '../alias.js';

export const ApiModelParam = () =>
  ApiParam({ name: 'id', description: 'Id of a model, or an alias.', example: 'production' });

export const ApiAliasParam = () =>
  ApiParam({
    name: 'name',
    description: aliasNameRule,
    schema: { type: 'string', pattern: aliasNamePattern.source },
    example: 'production',
  });
