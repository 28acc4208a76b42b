import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CloudEvent } from '@hostledger/feed';
import { Webhook } from 'standardwebhooks';

export interface Delivery {
  /** Of the headers. */
  readonly id: string;
  readonly event: CloudEvent;
  readonly signatures: number;
}

/** What a receiver does with a delivery; the status it answers, or nothing for ever. */
export type Behaviour = (delivery: Delivery) => number | 'stall' | Promise<number>;

/** A receiver on this machine that checks each signature before anything else. */
export class TestReceiver {
  /** All that came, in the order in which it came. */
  readonly got: Delivery[] = [];
  /** Those that were answered with 2xx. */
  readonly accepted: Delivery[] = [];
  behaviour: Behaviour = () => 204;
  secret = '';
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => void this.answer(request, response));
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/in`;
  }

  /** Of one stream, in the order in which they were accepted first. */
  acceptedOf(stream: string): string[] {
    const ids = this.accepted
      .filter(({ event }) => event.subject === stream)
      .map(({ event }) => event.revision);
    return [...new Set(ids)];
  }

  /** Cuts what is under way, as the death of the sender does. */
  cut(): void {
    this.server.closeAllConnections();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = Buffer.concat(await request.toArray()).toString('utf8');
      const headers = request.headers as Record<string, string>;
      const event = new Webhook(this.secret).verify(body, headers) as CloudEvent;
      const signatures = headers['webhook-signature']!.split(' ').length;
      const delivery: Delivery = { id: headers['webhook-id']!, event, signatures };
      this.got.push(delivery);
      const status = await this.behaviour(delivery);
      if (status === 'stall') return;
      if (status < 300) this.accepted.push(delivery);
      response.writeHead(status).end();
    } catch {
      response.writeHead(401).end();
    }
  }
}
