import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { PythonTools } from './needs.js';

const contract = fileURLToPath(new URL('../contract/', import.meta.url));

/** What Schemathesis found. */
export interface Contract {
  exitCode: number | null;
  output: string;
  /** How many answers came. */
  answers: number;
  /** How often each operation (`GET /models/{id}`) was answered 2xx. */
  succeeded: Map<string, number>;
}

export interface ContractOptions {
  /** Made up for each operation, beside its examples and the edges of its schemas. */
  requests: number;
  /** Sent with every request, but for those that try what happens without. */
  key: string | undefined;
  /** Ids of what there is: operation → name of a path's parameter → id. */
  examples: Record<string, Record<string, string>>;
  /** For the report. */
  folder: string;
}

/** Has Schemathesis try a service by its OpenAPI document, with all its checks. The same seed makes up the same requests. */
export async function runSchemathesis(
  tools: PythonTools,
  url: string,
  { requests, key, examples, folder }: ContractOptions,
): Promise<Contract> {
  const report = path.join(folder, 'schemathesis.ndjson');
  const args = [
    `--config-file=${path.join(contract, 'schemathesis.toml')}`,
    'run',
    `${url}/openapi.json`,
    `--max-examples=${requests}`,
    `--seed=${process.env.WELLFORMED_FUZZ_SEED ?? 1}`,
    '--checks=all',
    '--continue-on-failure',
    '--generation-database=none',
    '--no-color',
    `--report-ndjson-path=${report}`,
    ...(key === undefined ? [] : [`--header=Authorization: Bearer ${key}`]),
  ];
  const child = spawn(tools.program('schemathesis'), args, {
    cwd: folder,
    // Where `hooks.py` is found, without a folder of compiled files beside it.
    env: {
      ...process.env,
      PYTHONPATH: contract,
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONUTF8: '1',
      CONTRACT_EXAMPLES: JSON.stringify(examples),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, output, ...(await readReport(report)) };
}

interface ReportLine {
  ScenarioFinished?: {
    recorder: {
      cases: Record<string, { value: { method: string; path: string } }>;
      interactions?: Record<string, { response?: { status_code: number } | null }>;
    };
  };
}

async function readReport(file: string): Promise<Pick<Contract, 'answers' | 'succeeded'>> {
  const succeeded = new Map<string, number>();
  let answers = 0;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const { recorder } = (JSON.parse(line) as ReportLine).ScenarioFinished ?? {};
    for (const [id, { response }] of Object.entries(recorder?.interactions ?? {})) {
      if (!response) continue;
      answers++;
      if (Math.floor(response.status_code / 100) !== 2) continue;
      const { method, path: place } = recorder!.cases[id]!.value;
      const operation = `${method.toUpperCase()} ${place}`;
      succeeded.set(operation, (succeeded.get(operation) ?? 0) + 1);
    }
  }
  return { answers, succeeded };
}
