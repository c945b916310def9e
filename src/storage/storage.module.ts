import { Global, Module } from '@nestjs/common';
import { BlobStore } from './blob-store.js';
import { DataFolder } from './data-folder.js';
import { LocalBlobStore } from './local-blob-store.js';

@Global()
@Module({
  providers: [DataFolder, { provide: BlobStore, useClass: LocalBlobStore }],
  exports: [DataFolder, BlobStore],
})
export class StorageModule {}
