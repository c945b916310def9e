/**
 * Whether an environment asks for traces, by the variables of OpenTelemetry's specification. Other than there, nothing is sent to
 * a collector on this machine that nobody spoke of.
 */
export function asksForTraces(environment: Readonly<Record<string, string | undefined>>): boolean {
  const value = (name: string) => environment[name]?.trim() ?? '';
  if (value('OTEL_SDK_DISABLED').toLowerCase() === 'true') return false;
  const exporter = value('OTEL_TRACES_EXPORTER');
  if (exporter !== '') return exporter !== 'none';
  return ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'].some(
    (name) => value(name) !== '',
  );
}
