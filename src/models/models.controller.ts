import { Body, Controller, Delete, Get, HttpCode, HttpStatus, Param, Patch, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Needs } from '../auth/access.js';
import { ApiProblems } from '../api/api-problems.decorator.js';
import { PageQuery } from '../api/page-query.js';
import { ModelDto, ModelPageDto, ModelSummaryDto, RenameModelDto } from './dto/model.dto.js';
import { ApiModelParam } from './dto/parameters.js';
import { ModelsService } from './models.service.js';

@ApiTags('models')
@Controller('models')
export class ModelsController {
  constructor(private readonly models: ModelsService) {}

  /** List models, newest first. GET /models/{id} has the details of each */
  @Get()
  @Needs('predict', 'train')
  @ApiProblems(422)
  async list(@Query() query: PageQuery): Promise<ModelPageDto> {
    const { items, nextCursor } = await this.models.list(query);
    return { items: items.map(ModelSummaryDto.of), nextCursor };
  }

  /** Show a model: its origin, quality and files */
  @Get(':id')
  @Needs('predict', 'train')
  @ApiModelParam()
  @ApiProblems(404)
  async find(@Param('id') id: string): Promise<ModelDto> {
    return ModelDto.of(await this.models.find(id));
  }

  /** Rename a model */
  @Patch(':id')
  @Needs('admin')
  @ApiModelParam()
  @ApiProblems(400, 404, 415, 422)
  async rename(@Param('id') id: string, @Body() { name }: RenameModelDto): Promise<ModelDto> {
    return ModelDto.of(await this.models.rename(id, name));
  }

  /** Delete a model with its files and evaluations. No alias may point to it */
  @Delete(':id')
  @Needs('admin')
  @ApiModelParam()
  @ApiProblems(404, 409)
  @HttpCode(HttpStatus.NO_CONTENT)
  async delete(@Param('id') id: string): Promise<void> {
    await this.models.delete(id);
  }
}
