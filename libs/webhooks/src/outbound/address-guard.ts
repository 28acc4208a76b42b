import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Why an address is not called; never what a name resolved to, which is nobody's business. */
export type Refusal = 'form' | 'scheme' | 'credentials' | 'port' | 'address';

export class AddressRefused extends Error {
  constructor(readonly refusal: Refusal) {
    super(MESSAGES[refusal]);
    this.name = 'AddressRefused';
  }
}

const MESSAGES: Readonly<Record<Refusal, string>> = {
  form: 'This is not an absolute URL of at most 2,000 characters without a fragment',
  scheme: 'The URL must begin with https://',
  credentials: 'The URL must not hold a user name or password; deliveries are signed',
  port: 'The port must be 443 or 8443',
  address: 'The host does not resolve to public addresses only',
};

/** All addresses of a host name; empty where there are none. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

type Address = ipaddr.IPv4 | ipaddr.IPv6;
export type Network = readonly [Address, number];

export interface Place {
  readonly protocol: string;
  /** A name or an address; IPv6 with or without its brackets. */
  readonly hostname: string;
  /** Empty for the one of the scheme. */
  readonly port: string | number | null | undefined;
}

const MAX_URL_LENGTH = 2_000;
const PUBLIC_PORTS = new Set(['', '443', '8443']);
/** Of IPv6 this alone is assigned to hosts of the Internet; what is carved out of it has a range. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Decides what may be called. Everybody's addresses over HTTPS on its ports; what is inside only
 * where the operator named the network, there by HTTP and on any port too.
 *
 * The decision is about addresses. Names, spellings (`0x7f.1`, `①②⑦.0.0.1`, `127.1`) and answers of
 * name servers all come down to them, so nothing else has to be recognised.
 */
export class AddressGuard {
  private readonly resolve: Resolve;

  constructor(
    private readonly allowed: readonly Network[],
    resolve: Resolve = resolveByDns(),
  ) {
    this.resolve = resolve;
  }

  /** @throws AddressRefused for what cannot be called whatever its host resolves to. */
  urlOf(text: string): URL {
    if (text.length > MAX_URL_LENGTH || !URL.canParse(text)) throw new AddressRefused('form');
    const url = new URL(text);
    if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new AddressRefused('scheme');
    // An empty fragment or user name leaves no trace in the parsed URL.
    if (url.hash !== '' || text.includes('#')) throw new AddressRefused('form');
    if (
      url.username !== '' ||
      url.password !== '' ||
      /^[a-z]+:[\\/]*[^\\/?]*@/i.test(text.trim())
    ) {
      throw new AddressRefused('credentials');
    }
    return url;
  }

  /**
   * The addresses of a place, each of which may be called. Whoever connects must connect to one
   * of them and not ask again: the next answer of a name server may be another.
   * @throws AddressRefused when a single one of them may not.
   */
  async addressesOf({ protocol, hostname, port }: Place): Promise<readonly string[]> {
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const found = isIP(host) ? [host] : await this.resolve(host);
    if (found.length === 0) throw new AddressRefused('address');
    for (const address of found) this.judge(address, protocol, String(port ?? ''));
    return found;
  }

  /** Whether the far end of a connection is one that may be called at all. */
  mayBe(address: string | undefined): boolean {
    const parsed = address === undefined ? undefined : parse(address);
    return parsed !== undefined && (this.isAllowed(parsed) || isPublic(parsed));
  }

  private judge(text: string, protocol: string, port: string): void {
    const address = parse(text);
    if (!address) throw new AddressRefused('address');
    if (this.isAllowed(address)) return;
    if (!isPublic(address)) throw new AddressRefused('address');
    if (protocol !== 'https:') throw new AddressRefused('scheme');
    if (!PUBLIC_PORTS.has(port)) throw new AddressRefused('port');
  }

  private isAllowed(address: Address): boolean {
    return this.allowed.some(
      ([network, bits]) => network.kind() === address.kind() && address.match(network, bits),
    );
  }
}

/** The IPv4 address inside of an IPv6 one is the one that is called; a zone names an interface. */
const parse = (text: string): Address | undefined => {
  if (isIP(text) === 0 || text.includes('%')) return undefined;
  return ipaddr.process(text);
};

const isPublic = (address: Address): boolean =>
  address.range() === 'unicast' &&
  (address.kind() === 'ipv4' || (address as ipaddr.IPv6).match(GLOBAL_UNICAST));

/** `10.1.0.0/16`, `fd00::/8`. */
export const networkOf = (cidr: string): Network => ipaddr.parseCIDR(cidr);

const DNS_TIMEOUT_MS = 2_000;
const DNS_TRIES = 2;

/**
 * Asks the name servers of the machine without its thread pool, where a slow answer would hold up
 * the files and names of everybody else.
 */
const resolveByDns = (): Resolve => {
  const resolver = new Resolver({ timeout: DNS_TIMEOUT_MS, tries: DNS_TRIES });
  return async (hostname) => {
    const answers = await Promise.allSettled([
      resolver.resolve4(hostname),
      resolver.resolve6(hostname),
    ]);
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  };
};
