import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Takes all that webhooks bring. */
export class Receiver {
  /** Subjects of the events that came: the streams they are in. */
  readonly subjects = new Set<string>();
  /** How often each event came, by its id. */
  readonly times = new Map<string, number>();
  /** Of each request. */
  readonly headers: IncomingHttpHeaders[] = [];
  private readonly server = createServer((request, response) => {
    this.headers.push(request.headers);
    void request.toArray().then((chunks) => {
      const text = Buffer.concat(chunks as Buffer[]).toString();
      const { id, subject } = JSON.parse(text) as { id: string; subject: string };
      this.subjects.add(subject);
      this.times.set(id, (this.times.get(id) ?? 0) + 1);
      response.writeHead(204).end();
    });
  });

  async listen(): Promise<void> {
    await new Promise<void>((listening) => this.server.listen(0, '127.0.0.1', listening));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/events`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }
}
