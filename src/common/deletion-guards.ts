import { ConflictError } from './errors.js';

/** Says, within the transaction that deletes something, why it must stay and what to do; null where it need not. */
export type DeletionGuard = (id: string) => Promise<string | null>;

/** Those who may need what somebody wants to delete: features register themselves with the one that owns it. */
export class DeletionGuards {
  private readonly guards: DeletionGuard[] = [];

  add(guard: DeletionGuard): void {
    this.guards.push(guard);
  }

  /** @throws ConflictError while one of them needs it */
  async assertUnneeded(id: string): Promise<void> {
    for (const guard of this.guards) {
      const reason = await guard(id);
      if (reason !== null) throw new ConflictError(reason);
    }
  }
}
