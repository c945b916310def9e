/**
 * Lets work run in this thread without blocking the event loop. All users of one share together take a few
 * milliseconds of each turn of the loop. Before each piece of work: `while (share.isUsedUp) await
 * share.nextTurn()`.
 */
export class EventLoopShare {
  private turnEnds = 0;
  private turn: Promise<void> | undefined;

  /** @param milliseconds of one turn that all users take together. */
  constructor(private readonly milliseconds: number) {}

  /** Whether no time is left in this turn. */
  get isUsedUp(): boolean {
    this.turn ??= this.beginTurn();
    return performance.now() >= this.turnEnds;
  }

  /** Waiting callers continue in the order of their arrival. */
  nextTurn(): Promise<void> {
    return (this.turn ??= this.beginTurn());
  }

  private beginTurn(): Promise<void> {
    this.turnEnds = performance.now() + this.milliseconds;
    return new Promise((resolve) => {
      setImmediate(() => {
        this.turn = undefined;
        resolve();
      });
    });
  }
}
