/** Runs a script's work; an error ends the process with its message alone, because it is addressed to a person. */
export async function runScript(work) {
  endWithParent();
  try {
    return await work();
  } catch (error) {
    console.error(`\n${error.message}`);
    process.exit(1);
  }
}

/** npm runs us in a shell that dies of a signal without passing it on: when that parent has gone, the signal was for us. */
function endWithParent() {
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  const clock = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(clock);
    process.kill(process.pid, 'SIGTERM');
  }, 250);
  clock.unref();
}
