import { Global, Module } from '@nestjs/common';
import { ApiKeys } from './api-keys.js';
import { WhoAmIController } from './whoami.controller.js';

@Global()
@Module({ controllers: [WhoAmIController], providers: [ApiKeys], exports: [ApiKeys] })
export class AuthModule {}
