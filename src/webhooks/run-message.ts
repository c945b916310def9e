import type { Run, RunStatus } from '../training/run.js';
import type { RunError } from '../training/run-error.js';
import type { RunEvent } from '../training/run-event.js';
import type { Message } from './delivery.js';

/** In these a run has ended: one that was interrupted goes on by itself, and one that is paused waits for somebody. */
const ended: readonly RunStatus[] = ['succeeded', 'failed', 'cancelled'];

/** An event that makes a message. */
export type ReportedEvent = RunEvent & { type: 'status' };

/** Data of a message about a run. `GET /train/{id}` has the rest. */
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

export function isReported(event: RunEvent): event is ReportedEvent {
  return event.type === 'status' && ended.includes(event.data.status);
}

/** @param run null if it cannot be read. The message is sent anyway. */
export function runMessage(
  runId: string,
  { data: event, createdAt }: ReportedEvent,
  run: Run | null,
): Message {
  const data: RunMessageData = {
    runId,
    status: event.status,
    name: run?.name ?? null,
    baseModel: run?.baseModel ?? null,
    datasetId: run?.datasetId ?? null,
    modelId: event.modelId ?? null,
    mcc: run?.mcc ?? null,
    error: event.error ?? null,
  };
  return { type: `run.${event.status}`, at: createdAt, data };
}
