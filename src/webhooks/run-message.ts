import type { Run, RunError, RunStatus } from '../training/run.js';
import type { RunEvent } from '../training/run-event.js';
import type { Message } from './delivery.js';

/** In which a run goes on by itself. Whoever waits for it wants to hear of all others. */
const underWay: readonly string[] = ['queued', 'preparing', 'running'];

/** An event of which receivers are told. */
export type ToldEvent = RunEvent & { type: 'status' };

/** What a message says of a run. `GET /train/{id}` has the rest. */
export interface RunMessageData {
  runId: string;
  status: RunStatus;
  name: string | null;
  baseModel: string | null;
  datasetId: string | null;
  modelId: string | null;
  mcc: number | null;
  error: RunError | null;
}

export function isTold(event: RunEvent): event is ToldEvent {
  return event.type === 'status' && !underWay.includes(event.data.status);
}

/** @param run null where it cannot be read: its end is told all the same */
export function runMessage(runId: string, { data: told, createdAt }: ToldEvent, run: Run | null): Message {
  const data: RunMessageData = {
    runId,
    status: told.status,
    name: run?.name ?? null,
    baseModel: run?.baseModel ?? null,
    datasetId: run?.datasetId ?? null,
    modelId: told.modelId ?? null,
    mcc: run?.mcc ?? null,
    error: told.error ?? null,
  };
  return { type: `run.${told.status}`, at: createdAt, data };
}
