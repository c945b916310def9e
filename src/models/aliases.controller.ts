import { Body, Controller, Delete, Get, HttpCode, HttpStatus, Param, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Needs } from '../auth/access.js';
import { ApiProblems } from '../api/api-problems.decorator.js';
import { AliasesService } from './aliases.service.js';
import { AliasDto, AliasListDto, AliasWithHistoryDto, PutAliasDto } from './dto/alias.dto.js';
import { ApiAliasParam } from './dto/parameters.js';

@ApiTags('models')
@Controller('aliases')
export class AliasesController {
  constructor(private readonly aliases: AliasesService) {}

  /** List aliases, by name */
  @Get()
  @Needs('predict', 'train')
  @ApiProblems()
  async list(): Promise<AliasListDto> {
    return { items: await this.aliases.list() };
  }

  /** Show an alias and its history */
  @Get(':name')
  @Needs('predict', 'train')
  @ApiAliasParam()
  @ApiProblems(404)
  find(@Param('name') name: string): Promise<AliasWithHistoryDto> {
    return this.aliases.get(name);
  }

  /** Create an alias, or move it to another model */
  @Put(':name')
  @Needs('admin')
  @ApiAliasParam()
  @ApiProblems(400, 404, 409, 415, 422)
  put(@Param('name') name: string, @Body() { modelId }: PutAliasDto): Promise<AliasDto> {
    return this.aliases.put(name, modelId);
  }

  /** Remove an alias. The model stays */
  @Delete(':name')
  @Needs('admin')
  @ApiAliasParam()
  @ApiProblems(404)
  @HttpCode(HttpStatus.NO_CONTENT)
  async remove(@Param('name') name: string): Promise<void> {
    await this.aliases.remove(name);
  }
}
