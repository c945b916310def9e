/** Throws with advice unless the service supports this version of Node: 20.19 to 24. */
export function checkNodeVersion(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  const supported = major > 20 ? major < 25 : major === 20 && minor >= 19;
  if (supported) return;
  throw new Error(
    `Wellformed runs on Node 20.19 to 24; this is Node ${version}. ` +
      'Install a version in between (a version manager such as nvm or fnm keeps several) and run the command again.',
  );
}
