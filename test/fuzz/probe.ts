import { createServer } from 'node:http';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';

// Loaded into the process under test with `--require`, in every thread of it: tells over HTTP on
// `PROBE_PORT` what the prototypes of each have beyond what they had at the start, and how much memory
// the process holds.

const GATHER_MS = 300;
const PROTOTYPES = {
  Object,
  Array,
  Function,
  String,
  Number,
  Boolean,
  Promise,
  Map,
  Error,
} as const;

const membersOf = (): string[] =>
  Object.entries(PROTOTYPES).flatMap(([name, { prototype }]) =>
    Reflect.ownKeys(prototype as object).map((key) => `${name}.prototype.${String(key)}`),
  );
const atStart = new Set(membersOf());
const added = (): string[] => membersOf().filter((member) => !atStart.has(member));

const channel = new BroadcastChannel('hostledger-probe');
channel.unref();

if (isMainThread) {
  let gathered: string[][] = [];
  channel.onmessage = ({ data }: { data: unknown }) => {
    if (Array.isArray(data)) gathered.push(data as string[]);
  };
  const server = createServer((_request, response) => {
    gathered = [added()];
    channel.postMessage('tell');
    const tell = () =>
      response.end(JSON.stringify({ added: gathered, rssBytes: process.memoryUsage.rss() }));
    setTimeout(tell, GATHER_MS);
  });
  server.listen(Number(process.env['PROBE_PORT']), '127.0.0.1');
  server.unref();
} else {
  channel.onmessage = ({ data }: { data: unknown }) => {
    if (data === 'tell') channel.postMessage(added());
  };
}
