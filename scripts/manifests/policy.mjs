/**
 * Checks rules of this project that Kubernetes' schemas do not have.
 * @param {object[]} documents of one rendering, as parsed from YAML
 * @returns {string[]} one line for each fault; empty if there are none
 */
export function policyFaults(documents) {
  const faults = [];
  const workloads = documents.filter(({ spec }) => spec?.template?.spec);
  for (const document of workloads) {
    const name = `${document.kind} ${document.metadata.name}`;
    const say = (fault) => faults.push(`${name}: ${fault}`);
    checkOwner(document, documents, say);
    checkPod(document.spec.template.spec, say);
  }
  return faults;
}

/** Checks that only one process can own a data folder. */
function checkOwner({ spec }, documents, say) {
  const claims = spec.template.spec.volumes?.some((volume) => volume.persistentVolumeClaim);
  if (!claims) return;
  if (spec.replicas !== 1) say('the data folder belongs to one pod, so replicas must be 1');
  if (spec.strategy?.type !== 'Recreate')
    say('the old pod must end before the new one starts: strategy Recreate');
  if (documents.some(({ kind }) => kind === 'PodDisruptionBudget'))
    say('a PodDisruptionBudget at one replica only keeps nodes from being drained');
}

function checkPod(pod, say) {
  if (pod.automountServiceAccountToken !== false) say('automountServiceAccountToken must be false');
  if (pod.enableServiceLinks !== false)
    say('enableServiceLinks must be false: Kubernetes would set WELLFORMED_PORT itself');
  if (pod.hostNetwork || pod.hostPID || pod.hostIPC) say('it must not share a namespace of the node');
  if (pod.volumes?.some((volume) => volume.hostPath)) say('it must not mount folders of the node');
  const context = pod.securityContext ?? {};
  if (context.runAsNonRoot !== true || !(context.runAsUser > 0)) say('it must run as a user other than root');
  if (context.seccompProfile?.type !== 'RuntimeDefault') say('seccompProfile must be RuntimeDefault');
  // A training step gets 20 s, requests get 10 s.
  if (!(pod.terminationGracePeriodSeconds > 30))
    say('terminationGracePeriodSeconds must be more than 30, which the service takes to end');
  for (const volume of pod.volumes ?? []) {
    if (volume.emptyDir && !volume.emptyDir.sizeLimit) say(`volume ${volume.name} must have a sizeLimit`);
  }
  for (const container of [...(pod.initContainers ?? []), ...pod.containers]) {
    checkContainer(container, (fault) => say(`container ${container.name}: ${fault}`));
  }
  for (const container of pod.containers) {
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
      if (!container[probe]) say(`container ${container.name}: it must have a ${probe}`);
    }
  }
}

function checkContainer({ image, resources, securityContext = {} }, say) {
  const tag = /:([\w][\w.-]*)(?:@sha256:\w+)?$/.exec(image)?.[1];
  if (!tag || tag === 'latest') say(`image ${image} must name a version`);
  for (const bound of ['requests', 'limits']) {
    for (const resource of ['cpu', 'memory', 'ephemeral-storage']) {
      if (resources?.[bound]?.[resource] === undefined) say(`resources.${bound}.${resource} must be set`);
    }
  }
  if (securityContext.readOnlyRootFilesystem !== true) say('readOnlyRootFilesystem must be true');
  if (securityContext.allowPrivilegeEscalation !== false) say('allowPrivilegeEscalation must be false');
  if (securityContext.privileged) say('it must not be privileged');
  if (!securityContext.capabilities?.drop?.includes('ALL')) say('it must drop ALL capabilities');
  if (securityContext.capabilities?.add?.length) say('it must add no capability');
}
