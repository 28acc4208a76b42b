import pino, { type Logger } from 'pino';
import { InvalidConfig, loadConfig, type Config } from '@hostledger/config';
import { isTracing, logFieldsOfTrace } from '@hostledger/eventsourcing';
import { logDestination } from '@hostledger/http';
import { startTracing } from './tracing.js';

/** A shutdown that takes longer than this is ended; everything acknowledged is durable already. */
const SHUTDOWN_LIMIT_MS = 20_000;

/**
 * Runs an app: checks the environment, stops in order on SIGINT and SIGTERM, and ends the process
 * on what nothing was prepared for.
 * @param service under which its spans are found, unless `OTEL_SERVICE_NAME` says otherwise.
 */
export const runProcess = async (
  service: string,
  start: (config: Config, logger: Logger) => Promise<{ stop(): Promise<void> }>,
): Promise<void> => {
  let logger = pino(logDestination());
  try {
    const config = loadConfig(process.env);
    logger = processLogger(config);
    const tracing = await startTracing(service, logger);
    if (isTracing()) logger = processLogger(config);
    process.on('unhandledRejection', (err) => die(logger, err, 'Unhandled rejection'));
    process.on('uncaughtException', (err) => die(logger, err, 'Uncaught exception'));
    const running = await start(config, logger);
    let stopping = false;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (stopping) return;
        stopping = true;
        logger.info({ signal }, 'Stopping');
        setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS).unref();
        running
          .stop()
          .then(() => tracing.stop())
          .then(
            () => process.exit(0),
            (err: unknown) => die(logger, err, 'The shutdown failed'),
          );
      });
    }
  } catch (err) {
    if (err instanceof InvalidConfig) console.error(err.message);
    else logger.fatal({ err }, (err as Error).message);
    process.exit(1);
  }
};

/** The log of a process or a thread; its lines name the span that they were written in. */
export const processLogger = ({ logLevel: level }: Config): Logger =>
  pino({ level, ...(isTracing() && { mixin: () => logFieldsOfTrace() }) }, logDestination());

/** State is in the log, so the safe answer to the unforeseen is to start again. */
const die = (logger: Logger, err: unknown, message: string): void => {
  logger.fatal({ err }, message);
  process.exit(1);
};
