import { fork } from 'node:child_process';
import { join } from 'node:path';

/** Child side: takes one job from the parent, answers with its result, ends. */
export const answerOne = <Job, Result>(work: (job: Job) => Promise<Result>): void => {
  process.once('message', (job: Job) => {
    work(job).then(
      (result) => {
        process.send?.(result);
        process.disconnect();
      },
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
};

/** Parent side: runs a file of this folder in a process of its own with one job. */
export const askChild = <Result>(file: string, job: unknown, timeoutMs: number): Promise<Result> =>
  new Promise((resolve, reject) => {
    const child = fork(join(__dirname, `${file}.js`), {
      serialization: 'advanced',
      timeout: timeoutMs,
    });
    child.once('message', (result) => resolve(result as Result));
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`${file} ended without an answer (${code ?? signal})`)),
    );
    child.send(job as object);
  });
