// Healthy is ready: the event store and PostgreSQL answer and the read models keep up.
const { PORT = '3000', WORKER_PORT = '3001' } = process.env;
const port = process.argv[2] === 'worker' ? WORKER_PORT : PORT;
const url = `http://127.0.0.1:${port}/health/ready`;
try {
  const { status } = await fetch(url, { signal: AbortSignal.timeout(4_000) });
  if (status !== 200) throw new Error(`${url} answered ${status}`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
