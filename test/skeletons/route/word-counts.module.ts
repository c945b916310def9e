import { Module } from '@nestjs/common';
import { WordCountsController } from './word-counts.controller.js';
import { WordCountsService } from './word-counts.service.js';

/** List it in `src/app.module.ts`. Modules whose services it uses are its `imports`. */
@Module({ controllers: [WordCountsController], providers: [WordCountsService] })
export class WordCountsModule {}
