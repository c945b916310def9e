import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { settingsProblems } from '../../test/support/settings.js';
import { readSettings } from './read-settings.js';

describe('readSettings', () => {
  it('has a default for everything, and takes an empty variable for none', () => {
    const { settings, warnings } = readSettings({ WELLFORMED_PORT: '', PATH: '/bin' });
    expect(warnings).toEqual([]);
    expect({ ...settings }).toEqual({
      host: '127.0.0.1',
      port: 3000,
      metricsPort: 'none',
      apiKeys: [],
      apiKeysFile: '',
      publicAreas: ['docs'],
      rateLimit: 0,
      trustProxy: [],
      webhookUrl: 'none',
      webhookSecrets: [],
      webhookAllowPrivate: false,
      corsOrigins: [],
      hostNames: 'auto',
      clientTimeout: 60_000,
      maxConnections: 16_384,
      shutdownDelay: 0,
      shutdownGrace: 30_000,
      dataFolder: path.resolve('data'),
      baseModelFolder: path.resolve('data/base-models'),
      engine: 'auto',
      trainingMemory: 'auto',
      maxFollowers: 2000,
      runQueue: 1000,
      concurrentRuns: 1,
      checkpointInterval: 300_000,
      cancelledCheckpoints: 1,
      evaluationQueue: 100,
      maxUploadBytes: 2 ** 30,
      maxBodyBytes: 2 ** 20,
      loadedModels: 2,
      inferenceThreads: 'auto',
      predictBatchTokens: 512,
      predictMaxWait: 0,
      predictQueue: 1024,
      predictStreamIdle: 300_000,
      predictDeadline: 30_000,
      predictCache: 0,
      predictPrecision: 'auto',
      logFormat: 'auto',
      logLevel: 'info',
      logRequests: 'all',
      hubModels: 'any',
      hubUrl: 'https://huggingface.co',
      baseModelMaxBytes: 4 * 2 ** 30,
      colaUrl: 'https://nyu-mll.github.io/CoLA/cola_public_1.1.zip',
    });
  });

  it('reads what is set', () => {
    const { settings } = readSettings({
      WELLFORMED_DATA: '/srv/w',
      WELLFORMED_MAX_UPLOAD_BYTES: '1.5 GiB',
      WELLFORMED_MAX_BODY_BYTES: '65536',
      WELLFORMED_HUB_MODELS: 'google/electra-small, bert-tiny',
      WELLFORMED_HUB_URL: 'http://localhost:8080/',
      WELLFORMED_INFERENCE_THREADS: '3',
      WELLFORMED_PREDICT_MAX_WAIT: '2.5ms',
      WELLFORMED_PREDICT_DEADLINE: '2 min',
    });
    expect(settings).toMatchObject({
      dataFolder: '/srv/w',
      baseModelFolder: '/srv/w/base-models',
      maxUploadBytes: 1.5 * 2 ** 30,
      maxBodyBytes: 65536,
      hubModels: ['google/electra-small', 'bert-tiny'],
      hubUrl: 'http://localhost:8080',
      inferenceThreads: 3,
      predictMaxWait: 2.5,
      predictDeadline: 120_000,
    });
  });

  it('takes a path letter by letter', () => {
    const { settings } = readSettings({ WELLFORMED_DATA: '/srv/a$&b' });
    expect(settings.baseModelFolder).toBe('/srv/a$&b/base-models');
  });

  it('cannot be changed afterwards', () => {
    const { settings } = readSettings({});
    expect(() => Object.assign(settings, { port: 1 })).toThrow(TypeError);
  });

  it('tells everything that is wrong at once', () => {
    expect(
      settingsProblems({
        WELLFORMED_PORT: '70000',
        WELLFORMED_ENGINE: 'gpu',
        WELLFORMED_MAX_UPLOAD_BYTES: 'much',
        WELLFORMED_INFERENCE_THREADS: 'many',
        WELLFORMED_PREDICT_MAX_WAIT: '5',
        WELLFORMED_PREDICT_DEADLINE: '0',
        WELLFORMED_LOG_FORMAT: 'xml',
        WELLFORMED_LOG_LEVEL: 'loud',
        WELLFORMED_LOG_REQUESTS: 'some',
        WELLFORMED_HUB_MODELS: '../../etc',
        WELLFORMED_HUB_URL: 'ftp://x',
      }),
    ).toEqual([
      'WELLFORMED_PORT must be at most 65535; it is "70000".',
      'WELLFORMED_ENGINE must be auto, tensorflow, tensorflow-cpu, tensorflow-gpu or wasm; it is "gpu".',
      expect.stringMatching(/^WELLFORMED_MAX_UPLOAD_BYTES must be .*; it is "much"\.$/),
      'WELLFORMED_INFERENCE_THREADS must be auto or a whole number from 1 to 1024; it is "many".',
      'WELLFORMED_PREDICT_MAX_WAIT must be a time from 0 to 10 s, such as 5 ms; it is "5".',
      'WELLFORMED_PREDICT_DEADLINE must be a time from 1 ms to 60 min, such as 30 s; it is "0".',
      'WELLFORMED_LOG_FORMAT must be auto, text or json; it is "xml".',
      'WELLFORMED_LOG_LEVEL must be error, warn, info or debug; it is "loud".',
      'WELLFORMED_LOG_REQUESTS must be all, failed or none; it is "some".',
      expect.stringMatching(/^WELLFORMED_HUB_MODELS must be "any", "catalogue" or hub ids/),
      'WELLFORMED_HUB_URL must be an http or https address; it is "ftp://x".',
    ]);
  });

  it('tells of what is no number that it should be one', () => {
    expect(() => readSettings({ WELLFORMED_PORT: 'abc' })).toThrow(
      'WELLFORMED_PORT must be a whole number; it is "abc".',
    );
  });

  it('warns of variables that it does not know', () => {
    expect(readSettings({ WELLFORMED_POTR: '1', WELLFORMED_ZZZZZZZZZZZ: '1' }).warnings).toEqual([
      'WELLFORMED_POTR is no known setting and has no effect. Did you mean WELLFORMED_PORT?',
      'WELLFORMED_ZZZZZZZZZZZ is no known setting and has no effect.',
    ]);
  });
});
