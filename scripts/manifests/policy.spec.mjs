import { expect, it } from 'vitest';
import { policyFaults } from './policy.mjs';

const probe = { httpGet: { path: '/health/live', port: 'http' } };
const amounts = { cpu: '1', memory: '1Gi', 'ephemeral-storage': '1Gi' };

/** A deployment that follows every rule. Each test breaks one rule. */
function deployment() {
  return {
    kind: 'Deployment',
    metadata: { name: 'w' },
    spec: {
      replicas: 1,
      strategy: { type: 'Recreate' },
      template: {
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 60,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 1000,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [
            {
              name: 'c',
              image: 'registry.example:5000/w:0.1.0-cpu',
              resources: { requests: { ...amounts }, limits: { ...amounts } },
              securityContext: {
                readOnlyRootFilesystem: true,
                allowPrivilegeEscalation: false,
                capabilities: { drop: ['ALL'] },
              },
              startupProbe: probe,
              livenessProbe: probe,
              readinessProbe: probe,
            },
          ],
          volumes: [
            { name: 'data', persistentVolumeClaim: { claimName: 'd' } },
            { name: 'tmp', emptyDir: { sizeLimit: '1Gi' } },
          ],
        },
      },
    },
  };
}

function faultsAfter(change, others = []) {
  const document = deployment();
  change(document.spec.template.spec.containers[0], document.spec.template.spec, document.spec);
  return policyFaults([document, ...others]);
}

it('finds nothing where every rule is kept', () => {
  expect(faultsAfter(() => {})).toEqual([]);
  expect(faultsAfter((c) => (c.image = `registry.example:5000/w:1@sha256:${'0'.repeat(64)}`))).toEqual([]);
  expect(policyFaults([{ kind: 'Service', spec: {} }])).toEqual([]);
});

it.each([
  ['must name a version', (c) => (c.image = 'registry.example:5000/w')],
  ['must name a version', (c) => (c.image = 'w:latest')],
  ['limits.memory', (c) => delete c.resources.limits.memory],
  ['requests.cpu', (c) => delete c.resources.requests],
  ['readOnlyRootFilesystem', (c) => delete c.securityContext.readOnlyRootFilesystem],
  ['allowPrivilegeEscalation', (c) => delete c.securityContext],
  ['privileged', (c) => (c.securityContext.privileged = true)],
  ['ALL capabilities', (c) => (c.securityContext.capabilities = {})],
  ['add no capability', (c) => (c.securityContext.capabilities.add = ['NET_ADMIN'])],
  ['readinessProbe', (c) => delete c.readinessProbe],
  ['other than root', (_c, pod) => (pod.securityContext.runAsUser = 0)],
  ['other than root', (_c, pod) => delete pod.securityContext.runAsNonRoot],
  ['seccompProfile', (_c, pod) => delete pod.securityContext.seccompProfile],
  ['automountServiceAccountToken', (_c, pod) => delete pod.automountServiceAccountToken],
  ['enableServiceLinks', (_c, pod) => delete pod.enableServiceLinks],
  ['more than 30', (_c, pod) => (pod.terminationGracePeriodSeconds = 30)],
  ['namespace of the node', (_c, pod) => (pod.hostNetwork = true)],
  ['folders of the node', (_c, pod) => pod.volumes.push({ name: 'h', hostPath: { path: '/' } })],
  ['sizeLimit', (_c, pod) => pod.volumes.push({ name: 'e', emptyDir: {} })],
  ['replicas must be 1', (_c, _pod, spec) => (spec.replicas = 2)],
  ['strategy Recreate', (_c, _pod, spec) => delete spec.strategy],
])('finds what breaks a rule: %s', (fault, change) => {
  expect(faultsAfter(change).join('\n')).toContain(fault);
});

it('looks at init containers, which need no probes', () => {
  const faults = faultsAfter((c, pod) => {
    const { name, image, resources, securityContext } = c;
    pod.initContainers = [{ name: `${name}-first`, image, resources, securityContext }];
    pod.initContainers.push({ name: 'bad', image: 'x:latest', resources, securityContext });
  });
  expect(faults).toEqual(['Deployment w: container bad: image x:latest must name a version']);
});

it('wants no PodDisruptionBudget beside one replica', () => {
  expect(faultsAfter(() => {}, [{ kind: 'PodDisruptionBudget', spec: {} }]).join()).toContain('PodDisruptionBudget'); // prettier-ignore
});
