import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { IdempotencyService } from './idempotency.service.js';
import { StoredAnswerEntity } from './stored-answer.entity.js';
import { StoredAnswersRepository } from './stored-answers.repository.js';

@Global()
@Module({
  imports: [TypeOrmModule.forFeature([StoredAnswerEntity])],
  providers: [StoredAnswersRepository, IdempotencyService],
  exports: [IdempotencyService],
})
export class IdempotencyModule {}
