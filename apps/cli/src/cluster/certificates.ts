import 'reflect-metadata';
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** PEM. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

/** KurrentDB loads RSA keys alone. */
const ALGORITHM = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;
const KEY = {
  ...ALGORITHM,
  modulusLength: 3072,
  publicExponent: new Uint8Array([1, 0, 1]),
} as const;
const DAY_MS = 86_400_000;
/** Clocks of machines differ. */
const EARLIER_MS = 3_600_000;

/** Makes the authority that all parts of a cluster trust, and nobody else does. */
export const createAuthority = async (
  name: string,
  at: Date,
  validDays: number,
): Promise<Identity> => {
  const keys = await keyPair();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${name}`,
    ...validity(at, validDays),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pem(certificate), key: await keyPem(keys.privateKey) };
};

export interface Subject {
  /** The same for all nodes of a cluster: they know each other by it. */
  readonly commonName: string;
  /** DNS names and IP addresses under which it is reached. */
  readonly hosts: readonly string[];
}

/** Issues a certificate to a server; nodes show it to each other as clients as well. */
export const issueCertificate = async (
  authority: Identity,
  { commonName, hosts }: Subject,
  at: Date,
  validDays: number,
): Promise<Identity> => {
  const keys = await keyPair();
  const signingKey = await webcrypto.subtle.importKey(
    'pkcs8',
    createPrivateKey(authority.key).export({ type: 'pkcs8', format: 'der' }),
    ALGORITHM,
    false,
    ['sign'],
  );
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: `CN=${commonName}`,
    issuer: new X509Certificate(authority.certificate).subject,
    ...validity(at, validDays),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      new SubjectAlternativeNameExtension(
        hosts.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value })),
      ),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pem(certificate), key: await keyPem(keys.privateKey) };
};

/** Whole days until a certificate is no longer valid; negative once it is not. */
export const daysLeft = (certificate: string, at: Date): number => {
  // Certificates tell of whole seconds.
  const leftMs = new X509Certificate(certificate).validToDate.getTime() - at.getTime() + 1_000;
  return Math.floor(leftMs / DAY_MS);
};

/** Whether it was issued by this authority, to a server of these names. */
export const isIssuedFor = (
  certificate: string,
  authority: Identity,
  { hosts }: Subject,
): boolean => {
  const found = new X509Certificate(certificate);
  return (
    found.verify(new X509Certificate(authority.certificate).publicKey) &&
    hosts.every((host) => (isIP(host) ? found.checkIP(host) : found.checkHost(host)) !== undefined)
  );
};

const keyPair = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);

/** In the form of `es-gencert-cli`, which every version of the server reads. */
const keyPem = async (key: webcrypto.CryptoKey): Promise<string> => {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: der, type: 'pkcs8', format: 'der' })
    .export({ type: 'pkcs1', format: 'pem' })
    .toString();
};

const pem = (certificate: { toString(format: 'pem'): string }): string =>
  `${certificate.toString('pem')}\n`;

/** Positive, as a serial number has to be. */
const serialNumber = (): string => `01${randomBytes(15).toString('hex')}`;

const validity = (at: Date, days: number) => ({
  notBefore: new Date(at.getTime() - EARLIER_MS),
  notAfter: new Date(at.getTime() + days * DAY_MS),
});
