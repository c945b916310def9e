// A thread that hashes the file it is given and tells the sha256.
import { parentPort, workerData } from 'node:worker_threads';
import { sha256OfFile } from './file-hash.js';

parentPort!.postMessage(await sha256OfFile(workerData as string));
