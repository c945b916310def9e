import { Controller, Delete, Get, HttpCode, HttpStatus, Param } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { Needs } from '../auth/access.js';
import { ApiProblems } from '../api/api-problems.decorator.js';
import { BaseModelsService } from './base-models.service.js';
import { BaseModelDto, BaseModelListDto } from './dto/base-model.dto.js';

@ApiTags('models')
@Controller('base-models')
export class BaseModelsController {
  constructor(private readonly baseModels: BaseModelsService) {}

  /** List the available base models: the catalogue and the models on disk */
  @Get()
  @Needs('train')
  async list(): Promise<BaseModelListDto> {
    return { items: (await this.baseModels.list()).map(BaseModelDto.of) };
  }

  /** Remove a downloaded base model from the disk. A run that needs it downloads it again */
  @Delete(':name')
  @Needs('admin')
  @ApiParam({
    name: 'name',
    description: 'Name of the model. Write a slash in it as %2F.',
    example: 'bert-base-uncased',
  })
  @ApiProblems(404, 409)
  @HttpCode(HttpStatus.NO_CONTENT)
  async delete(@Param('name') name: string): Promise<void> {
    await this.baseModels.delete(name);
  }
}
