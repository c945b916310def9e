import { ApiParam } from '@nestjs/swagger';

export const ApiModelParam = () =>
  ApiParam({ name: 'id', description: 'Id of a model, or an alias.', example: 'production' });

export const ApiAliasParam = () =>
  ApiParam({ name: 'name', description: 'Name of an alias.', example: 'production' });
