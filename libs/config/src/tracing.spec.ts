import { InvalidConfig, loadTracing } from './index.js';

const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://collector:4318';

describe('Traces', () => {
  it.each<Record<string, string>>([
    {},
    { OTEL_TRACES_SAMPLER: 'nonsense' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
    { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED: 'true' },
    { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_EXPORTER: 'none' },
  ])('are off with %j', (env) => {
    expect(loadTracing(env)).toBeUndefined();
  });

  it('are on where a collector is named: all, unless the caller has decided', () => {
    const OTEL_EXPORTER_OTLP_TRACES_ENDPOINT = 'https://collector.example/v1/traces';
    for (const env of [{ OTEL_EXPORTER_OTLP_ENDPOINT }, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT }]) {
      expect(loadTracing(env)).toMatchObject({
        sampler: { kind: 'on', isParentBased: true },
        batch: { scheduledDelayMillis: 5_000, maxQueueSize: 2_048 },
      });
    }
  });

  it('are of a share of requests where that is asked for', () => {
    const sampling = {
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.01',
    };
    expect(loadTracing({ OTEL_EXPORTER_OTLP_ENDPOINT, ...sampling })?.sampler).toEqual({
      ...{ kind: 'ratio', ratio: 0.01, isParentBased: true },
    });
  });

  it.each([
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4317'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
    ['OTEL_TRACES_EXPORTER', 'zipkin'],
    ['OTEL_TRACES_SAMPLER', 'jaeger_remote'],
    ['OTEL_TRACES_SAMPLER_ARG', '2'],
    ['OTEL_BSP_MAX_QUEUE_SIZE', '0'],
    ['OTEL_BSP_SCHEDULE_DELAY', 'soon'],
    ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE', '4096'],
  ])('do not begin with %s=%s, which is told by its name alone', (name, value) => {
    const wrong = (): unknown => loadTracing({ OTEL_EXPORTER_OTLP_ENDPOINT, [name]: value });
    expect(wrong).toThrow(InvalidConfig);
    expect(wrong).toThrow(new RegExp(`${name}: is `));
    expect(wrong).not.toThrow(new RegExp(value));
  });
});
