import { z } from 'zod';

// The standard variables of OpenTelemetry's specification ("Environment Variable Specification"), as far as
// they concern traces. Endpoint, headers, time-outs and certificates are read by the exporter itself.

const SAMPLERS = {
  always_on: { kind: 'on', isParentBased: false },
  always_off: { kind: 'off', isParentBased: false },
  traceidratio: { kind: 'ratio', isParentBased: false },
  parentbased_always_on: { kind: 'on', isParentBased: true },
  parentbased_always_off: { kind: 'off', isParentBased: true },
  parentbased_traceidratio: { kind: 'ratio', isParentBased: true },
} as const;

const endpoint = z.string().regex(/^https?:\/\/\S+$/, 'is not an http(s) URL');
const count = (byDefault: number) =>
  z.coerce
    .number('is not a whole number')
    .int('is not a whole number')
    .min(1, 'is not a whole number from 1 on')
    .default(byDefault);

const schema = z
  .object({
    OTEL_SDK_DISABLED: z.string().optional(),
    OTEL_TRACES_EXPORTER: z.enum(['otlp', 'none'], 'is neither otlp nor none').default('otlp'),
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.optional(),
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint.optional(),
    OTEL_EXPORTER_OTLP_PROTOCOL: z.literal('http/protobuf', 'is not http/protobuf').optional(),
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: z
      .literal('http/protobuf', 'is not http/protobuf')
      .optional(),
    OTEL_TRACES_SAMPLER: z
      .enum(Object.keys(SAMPLERS) as (keyof typeof SAMPLERS)[], 'is not a sampler that is known')
      .default('parentbased_always_on'),
    OTEL_TRACES_SAMPLER_ARG: z.coerce
      .number('is not a share from 0 to 1')
      .min(0, 'is not a share from 0 to 1')
      .max(1, 'is not a share from 0 to 1')
      .default(1),
    OTEL_BSP_SCHEDULE_DELAY: count(5_000),
    OTEL_BSP_EXPORT_TIMEOUT: count(30_000),
    OTEL_BSP_MAX_QUEUE_SIZE: count(2_048),
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: count(512),
  })
  .refine((values) => values.OTEL_BSP_MAX_EXPORT_BATCH_SIZE <= values.OTEL_BSP_MAX_QUEUE_SIZE, {
    path: ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE'],
    message: 'is more than the queue holds',
  });

/** Every variable that is known here, for those who check what sets them. */
export const TRACING_SETTINGS: readonly string[] = Object.keys(schema.shape);

export interface SamplerConfig {
  readonly kind: 'on' | 'off' | 'ratio';
  /** Of traces, from 0 to 1. */
  readonly ratio: number;
  /** A caller that has decided is followed. */
  readonly isParentBased: boolean;
}

export interface TracingConfig {
  readonly sampler: SamplerConfig;
  readonly batch: {
    readonly scheduledDelayMillis: number;
    readonly exportTimeoutMillis: number;
    readonly maxQueueSize: number;
    readonly maxExportBatchSize: number;
  };
}

/** Where traces are off, which they are unless a collector is named, nothing; else how, or what is wrong. */
export const tracingOf = (
  env: Readonly<Record<string, string | undefined>>,
): TracingConfig | { readonly problems: readonly string[] } | undefined => {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const isNamed =
    given['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? given['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];
  const isDisabled = given['OTEL_SDK_DISABLED']?.toLowerCase() === 'true';
  if (isNamed === undefined || isDisabled) return undefined;
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const { issues } = parsed.error;
    return { problems: issues.map(({ path, message }) => `${String(path[0])}: ${message}`) };
  }
  const values = parsed.data;
  if (values.OTEL_TRACES_EXPORTER === 'none') return undefined;
  return {
    sampler: {
      ...SAMPLERS[values.OTEL_TRACES_SAMPLER],
      ratio: values.OTEL_TRACES_SAMPLER_ARG,
    },
    batch: {
      scheduledDelayMillis: values.OTEL_BSP_SCHEDULE_DELAY,
      exportTimeoutMillis: values.OTEL_BSP_EXPORT_TIMEOUT,
      maxQueueSize: values.OTEL_BSP_MAX_QUEUE_SIZE,
      maxExportBatchSize: values.OTEL_BSP_MAX_EXPORT_BATCH_SIZE,
    },
  };
};
