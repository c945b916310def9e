import { Global, Module } from '@nestjs/common';
import { BlobStore } from './blob-store.js';
import { DataFolder } from './data-folder.js';
import { LocalBlobStore } from './local-blob-store.js';
import { SpaceReserve } from './space-reserve.js';

@Global()
@Module({
  providers: [DataFolder, SpaceReserve, { provide: BlobStore, useClass: LocalBlobStore }],
  exports: [DataFolder, SpaceReserve, BlobStore],
})
export class StorageModule {}
