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

  /** List the base models that a training can start from: the catalogue, and what is on disk */
  @Get()
  @Needs('train')
  async list(): Promise<BaseModelListDto> {
    return { items: (await this.baseModels.list()).map(BaseModelDto.of) };
  }

  /** Remove a base model that was fetched from the disk; a run that needs it fetches it again */
  @Delete(':name')
  @Needs('admin')
  @ApiParam({
    name: 'name',
    description: 'Its name; write a slash in it as %2F.',
    example: 'bert-base-uncased',
  })
  @ApiProblems(404, 409)
  @HttpCode(HttpStatus.NO_CONTENT)
  async delete(@Param('name') name: string): Promise<void> {
    await this.baseModels.delete(name);
  }
}
