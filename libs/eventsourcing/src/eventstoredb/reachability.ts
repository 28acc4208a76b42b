import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';

const WITHIN_MS = 1_000;

/**
 * Why nodes that a connection string names cannot be reached over TLS, a clause for each that cannot.
 * The client keeps to itself what it met while it looked for a node: an authority that is not the
 * right one, a certificate for other names, a port that nobody listens on.
 */
export const whyUnreachable = async (connection: string): Promise<string[]> => {
  const [, hosts, query = ''] =
    /^esdb:\/\/(?:[^@/]*@)?([^/?]+)\/?(?:\?(.*))?$/.exec(connection) ?? [];
  const settings = new URLSearchParams(query);
  if (hosts === undefined || settings.get('tls') === 'false') return [];
  const file = settings.get('tlsCAFile');
  const ca = file === null ? undefined : readFileSync(file, 'utf8');
  const faults = await Promise.all(
    hosts.split(',').map(async (address) => {
      const [host, port = '2113'] = address.split(':');
      const fault = await faultOf(host!, Number(port), ca);
      return fault === undefined ? [] : [`${address}: ${fault}`];
    }),
  );
  return faults.flat();
};

const faultOf = (host: string, port: number, ca: string | undefined): Promise<string | undefined> =>
  new Promise((resolve) => {
    const socket = connect({ host, port, ca, servername: isName(host) ? host : '' });
    const done = (fault?: string): void => {
      socket.destroy();
      resolve(fault);
    };
    socket.setTimeout(WITHIN_MS, () => done('does not answer'));
    socket.once('secureConnect', () => done());
    socket.once('error', ({ message }: Error) => done(message));
  });

/** Only names are sent with the handshake, which may not hold an address. */
const isName = (host: string): boolean => !/^[\d.]+$/.test(host);
