/**
 * Lets work be done in this thread without keeping up the event loop: those who share it, however many, together take a few
 * milliseconds of each of its turns. Before each piece of work: `while (share.isUsedUp) await share.nextTurn()`.
 */
export class EventLoopShare {
  private turnEnds = 0;
  private turn: Promise<void> | undefined;

  /** @param milliseconds how much of one turn they take together. */
  constructor(private readonly milliseconds: number) {}

  /** Whether no time is left in this turn. */
  get isUsedUp(): boolean {
    this.turn ??= this.beginTurn();
    return performance.now() >= this.turnEnds;
  }

  /** Those who wait go on in the order in which they came. */
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
