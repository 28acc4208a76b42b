import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { ServerCredentials, type Server } from '@grpc/grpc-js';
import type { Caller } from './acl.js';
import { CredentialsRefused, type NodeUsers } from './users.js';

/** Makes a node ask who calls, over TLS. */
export interface Security {
  /** PEM: the certificate, and those between it and what clients trust. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
  /** Of the user `admin`, at the first start on a directory; unheeded later. */
  readonly adminPassword: string;
}

export interface SecureListener {
  readonly port: number;
  close(): void;
}

const BODY_LIMIT_BYTES = 64 * 1024;

/**
 * Listens with TLS: gRPC for those who ask for HTTP/2, the management of users and the health check
 * for the others, on one port, as the server does.
 */
export const listenSecurely = async (
  grpc: Server,
  users: NodeUsers,
  { certificate, key }: Security,
  port: number,
): Promise<SecureListener> => {
  const calls = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const web = createServer((request, response) => {
    answer(users, request, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500).end((error as Error).message);
    });
  });
  const open = new Set<Socket>();
  const listener = createTlsServer(
    { cert: certificate, key, minVersion: 'TLSv1.2', ALPNProtocols: ['h2', 'http/1.1'] },
    (socket) => {
      open.add(socket);
      socket.on('error', () => undefined).once('close', () => open.delete(socket));
      if (socket.alpnProtocol === 'h2') calls.injectConnection(socket);
      else web.emit('connection', socket);
    },
  );
  listener.on('tlsClientError', () => undefined);
  listener.listen(port, '127.0.0.1');
  await once(listener, 'listening');
  return {
    port: (listener.address() as AddressInfo).port,
    close: () => {
      listener.close();
      for (const socket of open) socket.destroy();
    },
  };
};

/** The part of `/users` that a set-up needs, for administrators. */
const answer = async (
  users: NodeUsers,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const send = (status: number, body?: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  };
  const { pathname } = new URL(request.url ?? '/', 'https://node');
  if (pathname === '/health/live') return send(204);
  const caller = callerOf(users, request.headers.authorization);
  if (!caller) return send(401);
  if (pathname === '/users/$current') return send(200, { data: users.find(caller.name) });
  if (!caller.roles.includes('$admins')) return send(401);
  const body = await bodyOf(request);
  const [, area, encoded, ...rest] = pathname.replace(/\/$/, '').split('/');
  if (area !== 'users') return send(404);
  const login = decodeURIComponent(encoded ?? '');
  const act = `${request.method} ${encoded === undefined ? '' : ':login'}${rest.map((part) => `/${part}`).join('')}`;
  switch (act) {
    case 'POST ':
      return send((await created(users, body)) ? 201 : 409);
    case 'GET :login': {
      const data = users.find(login);
      return data ? send(200, { data, success: true }) : send(404);
    }
    case 'PUT :login': {
      const { fullName, groups } = body as { fullName?: string; groups?: string[] };
      const change = { ...(fullName && { fullName }), ...(groups && { groups }) };
      return send((await users.change(login, change)) ? 200 : 404);
    }
    case 'POST :login/command/reset-password':
      return send((await users.resetPassword(login, String(body['newPassword']))) ? 200 : 404);
    default:
      return send(404);
  }
};

const created = (users: NodeUsers, body: Record<string, unknown>): Promise<boolean> => {
  const { loginName, fullName, groups, password } = body;
  const user = {
    loginName: String(loginName),
    fullName: String(fullName),
    groups: Array.isArray(groups) ? groups.map(String) : [],
  };
  return users.create(user, String(password));
};

const callerOf = (users: NodeUsers, authorization: string | undefined): Caller | undefined => {
  try {
    return users.callerOf(authorization);
  } catch (error) {
    if (error instanceof CredentialsRefused) return undefined;
    throw error;
  }
};

const bodyOf = async (request: IncomingMessage): Promise<Record<string, unknown>> => {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > BODY_LIMIT_BYTES) throw new Error('The body is too long');
  }
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
};
