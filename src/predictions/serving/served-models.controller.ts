import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Needs } from '../../auth/access.js';
import { ApiProblems } from '../../api/api-problems.decorator.js';
import { ServedModelsDto } from '../dto/served-models.dto.js';
import { ServingStatusService } from './serving-status.service.js';

@ApiTags('predictions')
@Controller('predict/models')
export class ServedModelsController {
  constructor(private readonly status: ServingStatusService) {}

  /** Show the models in memory, and which model answers for each alias */
  @Get()
  @Needs('predict')
  @ApiProblems()
  async list(): Promise<ServedModelsDto> {
    return {
      capacity: this.status.capacity,
      items: await this.status.models(),
      aliases: this.status.aliases(),
    };
  }
}
