import { Injectable } from '@nestjs/common';
import { EventEmitter } from 'node:events';

/** Wakes those who follow a run when there is something new to read of it. */
@Injectable()
export class RunFeed {
  private readonly followers = new EventEmitter().setMaxListeners(0);
  private readonly statusListeners: (() => void)[] = [];
  private closed = false;

  /** Something about the run was stored. */
  announce(runId: string): void {
    this.followers.emit(runId);
  }

  /** The run has another status, is new or is gone. */
  statusChanged(runId: string): void {
    this.announce(runId);
    for (const listener of this.statusListeners) listener();
  }

  onStatusChange(listener: () => void): void {
    this.statusListeners.push(listener);
  }

  /**
   * Calls back when something is stored about the run from now on, and when the service shuts down.
   * @returns a function that ends it
   */
  listen(runId: string, wake: () => void): () => void {
    this.followers.on(runId, wake);
    return () => this.followers.off(runId, wake);
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** Ends what all followers are waiting for: the service shuts down. */
  close(): void {
    this.closed = true;
    for (const runId of this.followers.eventNames()) this.followers.emit(runId);
  }
}
