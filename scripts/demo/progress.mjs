/** Interval between lines of plain output, in milliseconds. */
const PLAIN_INTERVAL = 10_000;

/**
 * Shows the progress of a run. On a terminal it updates a single line, elsewhere it prints a line every ten
 * seconds. Lasting results get their own line.
 */
export class Progress {
  #state = { totalEpochs: 0, mcc: null };
  #shownAt = -Infinity;

  /** @param {NodeJS.WriteStream} output */
  constructor(output, totalEpochs) {
    this.output = output;
    this.#state.totalEpochs = totalEpochs;
  }

  /** @param {{ type: string, data: any }} event of the run */
  take({ type, data }) {
    const { totalEpochs, mcc } = this.#state;
    if (type === 'status' && data.status === 'queued')
      this.#passing('In the queue: one run trains at a time.');
    if (type === 'download') this.#passing(downloadText(data));
    if (type === 'engine') this.#lasting(`Training on ${data.description}.`);
    if (type === 'phase' && data.phase === 'exporting') {
      this.#shownAt = -Infinity;
      this.#passing('Preparing the model for predictions …');
    }
    if (type === 'step') {
      const parts = [
        `epoch ${data.epoch} of ${totalEpochs}`,
        `step ${data.step} of ${data.totalSteps}`,
        `loss ${data.loss.toFixed(3)}`,
        mcc === null ? undefined : `MCC ${mcc.toFixed(3)}`,
        data.secondsLeft === null ? undefined : `${timeText(data.secondsLeft)} left`,
      ];
      this.#passing(parts.filter((part) => part !== undefined).join(', '));
    }
    if (type === 'epoch') {
      this.#state.mcc = data.mcc;
      this.#lasting(
        `Epoch ${data.epoch} of ${totalEpochs}: loss ${data.trainingLoss.toFixed(3)}, ` +
          `validation loss ${data.validationLoss.toFixed(3)}, MCC ${data.mcc.toFixed(3)}`,
      );
    }
  }

  /** Clears the updated line. */
  end() {
    if (this.output.isTTY) this.output.write('\r\x1b[K');
  }

  #passing(text) {
    if (this.output.isTTY) {
      // Cut the line, because a wrapped line cannot be cleared.
      this.output.write(`\r\x1b[K  ${text}`.slice(0, 4 + (this.output.columns || 80) - 1));
    } else if (performance.now() - this.#shownAt >= PLAIN_INTERVAL) {
      this.#shownAt = performance.now();
      this.output.write(`  ${text}\n`);
    }
  }

  #lasting(text) {
    this.end();
    this.output.write(`  ${text}\n`);
  }
}

function downloadText({ source, bytes, totalBytes }) {
  const total = totalBytes === null ? '' : ` of ${megabytes(totalBytes)}`;
  return `Downloading the base model (${source}): ${megabytes(bytes)}${total} MB`;
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}

export function timeText(seconds) {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
