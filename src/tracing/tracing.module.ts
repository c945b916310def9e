import { Global, Module } from '@nestjs/common';
import { Tracing } from './tracing.js';

@Global()
@Module({
  providers: [{ provide: Tracing, useFactory: () => Tracing.start(process.env) }],
  exports: [Tracing],
})
export class TracingModule {}
