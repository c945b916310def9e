/** Where runs wait for their turn. They are stored before they are added, so a queue may hold nothing but their ids. */
export abstract class RunQueue {
  /** Tells that a run waits. */
  abstract add(runId: string): void;

  /**
   * Hands out the waiting runs, those of the highest priority first and of these the oldest, as many at a time as the settings allow: the
   * next one when `work` has settled. Runs that already waited when the process started are handed out too. `work` takes the run out of
   * the queue by changing its status.
   * @param work tells whether the run is back in the queue and waits until another one has ended
   */
  abstract process(work: (runId: string) => Promise<boolean>): void;

  /** Hands out no more runs. */
  abstract close(): void;
}
