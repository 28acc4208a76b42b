import { AddressGuard, networkOf, type Refusal } from './address-guard.js';

/** What the name servers say in these specs; other names do not exist. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  'erp.example': ['93.184.216.34', '2606:2800:220:1::1'],
  'inside.example': ['10.1.2.3'],
  'both.example': ['93.184.216.34', '169.254.169.254'],
  'both-six.example': ['93.184.216.34', 'fd00::1'],
  'localhost.': ['127.0.0.1'],
  'xn--bcher-kva.example': ['192.168.1.1'],
};

const guardOf = (...networks: readonly string[]): AddressGuard =>
  new AddressGuard(networks.map(networkOf), (name) => Promise.resolve(NAMES[name] ?? []));

/** As a delivery goes: the form of the URL first, then what its host resolves to. */
const verdict = async (url: string, guard = guardOf()): Promise<Refusal | readonly string[]> => {
  try {
    return await guard.addressesOf(guard.urlOf(url));
  } catch (error) {
    return (error as { refusal: Refusal }).refusal;
  }
};

describe('what may be called', () => {
  it.each(['https://erp.example/events', 'https://erp.example:8443/', 'https://93.184.216.34/'])(
    'is %s',
    async (url) => expect(await verdict(url)).toContain('93.184.216.34'),
  );

  it('is a public address of IPv6', async () => {
    expect(await verdict('https://[2606:2800:220:1::1]/')).toEqual(['2606:2800:220:1::1']);
  });
});

describe('an address that is not public', () => {
  it.each([
    ['loopback', '127.0.0.1'],
    ['loopback further up', '127.255.255.254'],
    ['this host', '0.0.0.0'],
    ['this network', '0.1.2.3'],
    ['private 10/8', '10.0.0.1'],
    ['private 172.16/12', '172.31.255.255'],
    ['private 192.168/16', '192.168.0.1'],
    ['carrier-grade NAT', '100.64.0.1'],
    ['link-local', '169.254.0.1'],
    ['the metadata service of clouds', '169.254.169.254'],
    ['benchmarking', '198.18.0.1'],
    ['documentation', '203.0.113.5'],
    ['protocol assignments', '192.0.0.8'],
    ['6to4 relays', '192.88.99.1'],
    ['multicast', '224.0.0.1'],
    ['reserved', '240.0.0.1'],
    ['broadcast', '255.255.255.255'],
    ['decimal', '2130706433'],
    ['octal', '0177.0.0.01'],
    ['hexadecimal', '0x7f.0x1'],
    ['shortened', '127.1'],
    ['with a trailing dot', '127.0.0.1.'],
    ['in full-width digits', '１２７.０.０.１'],
    ['in circled digits', '①②⑦.⓪.⓪.①'],
    ['percent-encoded', '%31%32%37.0.0.1'],
    ['IPv6 unspecified', '[::]'],
    ['IPv6 loopback', '[::1]'],
    ['IPv6 loopback written out', '[0000:0000:0000:0000:0000:0000:0000:0001]'],
    ['IPv4-mapped', '[::ffff:127.0.0.1]'],
    ['IPv4-mapped in hexadecimal', '[::ffff:a9fe:a9fe]'],
    ['IPv4-compatible', '[::127.0.0.1]'],
    ['IPv4-translated', '[::ffff:0:127.0.0.1]'],
    ['NAT64', '[64:ff9b::a00:1]'],
    ['local NAT64', '[64:ff9b:1::a00:1]'],
    ['6to4', '[2002:7f00:1::]'],
    ['Teredo', '[2001:0:7f00:1::]'],
    ['link-local of IPv6', '[fe80::1]'],
    ['site-local', '[fec0::1]'],
    ['unique-local', '[fd12:3456::1]'],
    ['multicast of IPv6', '[ff02::1]'],
    ['documentation of IPv6', '[2001:db8::1]'],
    ['segment routing', '[5f00::1]'],
    ['not assigned', '[4000::1]'],
  ])('is refused: %s', async (_what, host) => {
    expect(await verdict(`https://${host}/`)).toBe('address');
  });

  it.each(['fe80::1%eth0', '::1%1'])('is refused with a zone: %s', async (hostname) => {
    expect(await verdict(`https://[${hostname.replace('%', '%25')}]/`)).toBe('form');
    const place = { protocol: 'https:', hostname, port: '' };
    await expect(guardOf().addressesOf(place)).rejects.toThrow('public addresses only');
    expect(guardOf('fe80::/10', '::1/128').mayBe(hostname)).toBe(false);
  });
});

describe('a name', () => {
  it.each(['inside.example', 'bücher.example', 'localhost.', 'unknown.example'])(
    'that leads inside or nowhere is refused in the same words: %s',
    async (name) => expect(await verdict(`https://${name}/`)).toBe('address'),
  );

  it.each(['both.example', 'both-six.example'])(
    'is refused for one bad address among good ones: %s',
    async (name) => expect(await verdict(`https://${name}/`)).toBe('address'),
  );
});

describe('a URL', () => {
  it.each<[Refusal, string]>([
    ['scheme', 'http://erp.example/'],
    ['scheme', 'ftp://erp.example/'],
    ['scheme', 'file:///etc/passwd'],
    ['scheme', 'gopher://erp.example:70/'],
    ['port', 'https://erp.example:22/'],
    ['port', 'https://erp.example:6379/'],
    ['credentials', 'https://user:secret@erp.example/'],
    ['credentials', 'https://erp.example@inside.example/'],
    ['credentials', 'https://@erp.example/'],
    ['credentials', 'https:erp.example@inside.example'],
    ['form', 'https://erp.example/#@inside.example'],
    ['form', 'https://erp.example/#'],
    ['form', '//erp.example/'],
    ['form', 'erp.example'],
    ['form', `https://erp.example/${'a'.repeat(2_000)}`],
  ])('is refused for its %s: %s', async (refusal, url) => {
    expect(await verdict(url)).toBe(refusal);
  });
});

describe('a network that the operator allows', () => {
  const guard = guardOf('10.1.0.0/16', 'fd00::/8');

  it('may be called by HTTP and on any port', async () => {
    expect(await verdict('http://inside.example:8080/', guard)).toEqual(['10.1.2.3']);
    expect(await verdict('http://[fd00::7]:3000/', guard)).toEqual(['fd00::7']);
    expect(await verdict('http://[::ffff:10.1.9.9]/', guard)).toEqual(['::ffff:a01:909']);
  });

  it('opens nothing beside itself', async () => {
    expect(await verdict('http://10.2.0.1/', guard)).toBe('address');
    expect(await verdict('http://erp.example/', guard)).toBe('scheme');
    expect(await verdict('https://erp.example:3000/', guard)).toBe('port');
    expect(await verdict('https://both.example/', guard)).toBe('address');
  });
});
