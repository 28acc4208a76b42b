import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidArgumentError, type Command } from 'commander';
import type { ProjectionView } from '@hostledger/projections';
import { connectionOf, withConnection, type ConnectionFlags } from './connection.js';
import { ApiClient } from './play/api-client.js';
import { terminal } from './play/command.js';

const LOOK_EVERY_MS = 500;
/** A worker that is there begins with what it is told within seconds. */
const UNSEEN_LOOKS = 60;

/** Adds `projections …`: what operators see and decide of read models and to-do lists. */
export const projectionCommands = (program: Command): void => {
  const projections = program
    .command('projections')
    .description('See, rebuild and mend read models and to-do lists');
  const add = (name: string, description: string): Command =>
    withConnection(projections.command(name).description(description));

  add('list', 'How far each one is, what is being filled, what stopped').action(
    async (flags: ConnectionFlags) => {
      const { body } = await (await clientOf(flags)).read('/v1/projections');
      for (const projection of body['items'] as ProjectionView[]) print(lineOf(projection));
    },
  );
  add('rebuild', 'Fill its tables anew, beside those that serve')
    .argument('<projection>')
    .option('--wait', 'until the new tables are in use', false)
    .action(async (name: string, { wait, ...flags }: ConnectionFlags & { wait: boolean }) => {
      const client = await clientOf(flags);
      const body = await act(client, `/v1/projections/${name}/rebuild`);
      print(`Run ${String(body['run'])} of ${name} is being filled`);
      if (wait) await untilInUse(client, name, Number(body['run']));
    });
  add('switch', 'Give readers the tables of its other run')
    .argument('<projection>')
    .argument('<run>', 'number of the run', run)
    .action(async (name: string, to: number, flags: ConnectionFlags) => {
      await act(await clientOf(flags), `/v1/projections/${name}/switch`, { run: to });
      print(`Run ${to} of ${name} is switched to`);
    });
  add('drop', 'Drop the tables of a run that is not in use, or give up one that is being filled')
    .argument('<projection>')
    .argument('<run>', 'number of the run', run)
    .action(async (name: string, which: number, flags: ConnectionFlags) => {
      await act(await clientOf(flags), `/v1/projections/${name}/runs/${which}/drop`);
      print(`Run ${which} of ${name} is dropped`);
    });
  add('resume', 'Have it try the event again that it stopped at')
    .argument('<projection>')
    .action(async (name: string, flags: ConnectionFlags) => {
      await act(await clientOf(flags), `/v1/projections/${name}/resume`);
      print(`${name} tries again`);
    });
  add('park', 'Leave out the one event that it stopped at')
    .argument('<projection>')
    .argument('<position>', 'of the event in the log')
    .requiredOption('--reason <text>', 'why it may be left out; kept with the act')
    .action(
      async (
        name: string,
        position: string,
        { reason, ...flags }: ConnectionFlags & { reason: string },
      ) => {
        const path = `/v1/projections/${name}/parked-events`;
        await act(await clientOf(flags), path, { position }, reason);
        print(`${name} goes on past the event at ${position}`);
      },
    );
  add('accept-log', 'Accept that the log was restored or replaced: fill all tables anew').action(
    async (flags: ConnectionFlags) => {
      const body = await act(await clientOf(flags), '/v1/log/acceptance');
      print(`Filled anew: ${(body['groups'] as string[]).join(', ')}`);
    },
  );
};

const run = (text: string): number => {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('The number of a run is 0, 1, 2, …');
};

const clientOf = async (flags: ConnectionFlags): Promise<ApiClient> => {
  const { url, token, patienceMs } = connectionOf(flags);
  return new ApiClient({ url, token: await token(), patienceMs });
};

const act = async (client: ApiClient, path: string, json?: object, reason?: string) => {
  const id = randomUUID();
  return (await client.command({ path, key: id, correlationId: id, json, reason })).body;
};

const untilInUse = async (client: ApiClient, name: string, wanted: number): Promise<void> => {
  const output = terminal(process.stdout);
  for (let missed = 0; missed < UNSEEN_LOOKS;) {
    const { body } = await client.read(`/v1/projections/${name}`);
    const projection = body as unknown as ProjectionView;
    if (projection.run === wanted) return output.line(lineOf(projection));
    const filling = projection.filling.find((other) => other.run === wanted);
    if (filling?.failure) {
      const { eventType, position, cause } = filling.failure;
      throw new Error(`Run ${wanted} stopped at ${eventType} (position ${position}): ${cause}`);
    }
    if (filling) output.progress(progressOf(filling));
    missed = filling ? 0 : missed + 1;
    await sleep(LOOK_EVERY_MS);
  }
  throw new Error(`Nobody fills run ${wanted} of ${name}: no worker runs, or it was given up`);
};

const progressOf = (filling: ProjectionView['filling'][number]): string => {
  const percent = `${(filling.progress * 100).toFixed(1)} %`;
  const left = filling.secondsLeft === null ? '' : `, ${filling.secondsLeft} s left`;
  return `run ${filling.run}: ${percent}, ${filling.eventsPerSecond} events/s${left}`;
};

const lineOf = (projection: ProjectionView): string => {
  const { name, version, run: inUse, phase, lagEvents, lagIsExact, lagSeconds } = projection;
  const { failure, refusal, filling } = projection;
  const lag = `${lagIsExact ? '' : 'about '}${lagEvents} events, ${lagSeconds.toFixed(1)} s behind`;
  const notes = [
    ...(failure ? [`${failure.eventType} at ${failure.position}: ${failure.cause}`] : []),
    ...(refusal === null ? [] : [refusal]),
    ...filling.map(progressOf),
  ];
  const head = `${name.padEnd(28)} v${version} run ${inUse}  ${phase.padEnd(8)} ${lag}`;
  return [head, ...notes.map((note) => `  ${note}`)].join('\n');
};

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
