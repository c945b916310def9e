/** Runs a script. If it fails, prints only the message of the error, which is written for people. */
export async function runScript(work) {
  endWithParent();
  try {
    return await work();
  } catch (error) {
    console.error(`\n${error.message}`);
    process.exit(1);
  }
}

/**
 * npm runs the script in a shell that dies of a signal without passing it on. So if that parent is gone, the
 * signal was for this process.
 */
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
