import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseCheckpoint } from '../transparency/checkpoint.js';
import { isConsistent } from '../transparency/merkle.js';
import {
  makeSignerKey,
  MalformedNote,
  parseSignature,
  parseVerifierKey,
  signNote,
  verifyNote,
} from '../transparency/signed-note.js';

interface Answer {
  readonly status: number;
  readonly body?: string;
  readonly type?: string;
}

const SIZE = 'text/x.tlog.size';

/** A witness as https://c2sp.org/tlog-witness tells of one, over HTTP. It remembers one log. */
export class WitnessServer {
  readonly key = makeSignerKey('witness.example/w1', 'cosignature');
  /** Of each request, the status it was answered with. */
  readonly answered: number[] = [];
  seen: { size: number; root: Buffer } = { size: 0, root: Buffer.alloc(32) };
  /** Signs, and the answer is lost. */
  losesAnswers = false;
  /** Lines that it puts into its answers beside its own. */
  noise = '';
  private server: Server | undefined;
  private port = 0;

  /** @param trusted verifier keys of the log, at the moment of each request. */
  constructor(private readonly trusted: () => { origin: string; keys: readonly string[] }) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}/of/ours`;
  }

  /** On the same port as before, if it has been up. */
  async up(): Promise<void> {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const isAdd = request.method === 'POST' && request.url === '/of/ours/add-checkpoint';
        const { status, body, type } = isAdd
          ? this.add(Buffer.concat(chunks).toString())
          : { status: 404 };
        this.answered.push(status);
        if (this.losesAnswers) return void response.destroy();
        response.writeHead(status, { 'content-type': type ?? 'text/plain' }).end(body);
      });
    });
    const { server } = this;
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
  }

  async down(): Promise<void> {
    const { server } = this;
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
    this.server = undefined;
  }

  private add(request: string): Answer {
    const end = request.indexOf('\n\n');
    const [first = '', ...lines] = request.slice(0, end).split('\n');
    const [, old] = /^old (0|[1-9]\d*)$/.exec(first) ?? [];
    if (old === undefined || lines.length > 63) return { status: 400 };
    const text = request.slice(end + 2);
    try {
      const { origin, size, root, note } = parseCheckpoint(text);
      const { origin: known, keys } = this.trusted();
      if (origin !== known) return { status: 404 };
      if (!keys.some((key) => verifyNote(note, parseVerifierKey(key)).signed)) {
        return { status: 403 };
      }
      if (Number(old) > size) return { status: 400 };
      if (Number(old) !== this.seen.size) {
        return { status: 409, body: `${this.seen.size}\n`, type: SIZE };
      }
      const proof = lines.map((line) => Buffer.from(line, 'base64'));
      if (this.seen.size === size && !this.seen.root.equals(root)) return { status: 409 };
      if (this.seen.size === 0 && proof.length > 0) return { status: 422 };
      if (this.seen.size > 0 && !isConsistent(this.seen, { size, root }, proof)) {
        return { status: 422 };
      }
      this.seen = { size, root };
      const signed = signNote({ text: note.text, signatures: [] }, this.key, 1_795_000_000);
      return { status: 200, body: `${this.noise}${signed.signatures[0]!.line}\n` };
    } catch (error) {
      if (error instanceof MalformedNote) return { status: 400 };
      throw error;
    }
  }
}

/** The signature of somebody whom nobody asked. */
export const strangersLine = (): string => {
  const stranger = makeSignerKey('witness.example/w1', 'cosignature');
  const { signatures } = signNote({ text: 'x\n', signatures: [] }, stranger, 1);
  return `${parseSignature(signatures[0]!.line).line}\n`;
};
