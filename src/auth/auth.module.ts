import { Global, Module } from '@nestjs/common';
import { ApiKeys } from './api-keys.js';

@Global()
@Module({ providers: [ApiKeys], exports: [ApiKeys] })
export class AuthModule {}
