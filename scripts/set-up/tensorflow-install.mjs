import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './command.mjs';
import { sizeOf } from './folder-size.mjs';
import { nodeModules } from './places.mjs';
import { headersFolder, nodeGypCommand } from './toolchain.mjs';
import { mayDownloadUnverified, VARIABLE } from './unverified.mjs';

/**
 * The package's own install script. It downloads libtensorflow and a prebuilt addon without known hashes. So
 * it only runs on request.
 */
export const installOfPackage = {
  name: "the package's own install",
  async bring(folder) {
    if (!mayDownloadUnverified()) {
      throw new Error(`what it downloads has no sum to check; ${VARIABLE}=1 allows it all the same`);
    }
    const env = {
      ...process.env,
      PATH: [join(nodeModules, '.bin'), process.env.PATH].join(delimiter),
      npm_config_node_gyp: nodeGypCommand(),
      npm_config_nodedir: headersFolder() ?? '',
    };
    await run(process.execPath, ['scripts/install.js'], {
      cwd: folder,
      env,
      label: "tfjs-node's install script",
      bytes: () => sizeOf(folder),
      stallSeconds: 60,
      limitSeconds: 900,
    });
    if (!existsSync(join(folder, 'lib', 'napi-v8', 'tfjs_binding.node'))) {
      throw new Error('the install script ended without an addon');
    }
  },
};
