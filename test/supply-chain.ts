import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

// `npm run supply-chain`: what comes from others. Writes a bill of materials (CycloneDX) of what is
// installed, and ends with 1 for a package whose licence nobody has agreed to, that the lock file does not
// pin by its digest, or of which a serious weakness is known; with AUDIT_REQUIRED=true also where the
// registry cannot be asked for those.

const SBOM = 'dist/sbom.cdx.json';
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const AUDIT_WITHIN_MS = 60_000;

/** As packages declare them. Data that only builds use may ask for its source to be named. */
const AGREED = new Set([
  ...['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'Apache-2.0', 'BlueOak-1.0.0'],
  ...['Unlicense', 'CC0-1.0', 'Python-2.0', 'Apache-2.0 AND MIT', '(BSD-3-Clause AND Apache-2.0)'],
  '(MIT OR CC0-1.0)',
]);
const AGREED_FOR_DEVELOPMENT = new Set(['CC-BY-4.0']);
/** Which say it in a file only. */
const READ_BY_HAND: Readonly<Record<string, string>> = { 'png-js@2.0.0': 'MIT' };

interface Component {
  readonly name: string;
  readonly version: string;
  readonly licenses?: readonly {
    readonly expression?: string;
    readonly license?: { readonly id?: string; readonly name?: string };
  }[];
  readonly properties?: readonly { readonly name: string }[];
}

const npm = (...args: readonly string[]): string =>
  execFileSync('npm', args, {
    encoding: 'utf8',
    maxBuffer: MAX_OUTPUT_BYTES,
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: AUDIT_WITHIN_MS,
  });

const licenceOf = ({ name, version, licenses = [] }: Component): string =>
  licenses
    .map(({ expression, license }) => expression ?? license?.id ?? license?.name)
    .join(', ') ||
  READ_BY_HAND[`${name}@${version}`] ||
  'none that it declares';

/** Packages whose licence is not agreed, each with it. */
const licenceFaults = (components: readonly Component[]): string[] =>
  components.flatMap((component) => {
    const licence = licenceOf(component);
    const isForDevelopment = component.properties?.some(
      ({ name }) => name === 'cdx:npm:package:development',
    );
    const agreed = AGREED.has(licence) || (isForDevelopment && AGREED_FOR_DEVELOPMENT.has(licence));
    return agreed ? [] : [`${component.name}@${component.version}: licence ${licence}`];
  });

interface LockedPackage {
  readonly integrity?: string;
  readonly resolved?: string;
  readonly inBundle?: boolean;
}

/** Packages that the lock file takes from elsewhere than a registry, or without a digest. */
const lockFaults = (): string[] => {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
    readonly packages: Readonly<Record<string, LockedPackage>>;
  };
  return Object.entries(lock.packages).flatMap(([path, { integrity, resolved, inBundle }]) => {
    if (path === '' || inBundle) return [];
    if (resolved !== undefined && !resolved.startsWith('https:')) return [`${path}: ${resolved}`];
    return integrity?.startsWith('sha512-') ? [] : [`${path}: no SHA-512 in the lock file`];
  });
};

interface Audit {
  readonly vulnerabilities: Readonly<Record<string, { readonly severity: string }>>;
  /** Of the registry, where it did not tell. */
  readonly statusCode: number;
  readonly message: string;
}

const NO_SUCH_ENDPOINT = new Set([404, 405, 410, 501]);

/** Packages of which the registry knows a serious weakness; undefined where it has nowhere to ask. */
const knownWeaknesses = (): string[] | undefined => {
  let told: string;
  try {
    told = npm('audit', '--omit=dev', '--json');
  } catch (error) {
    told = (error as { stdout?: string }).stdout ?? '';
  }
  const answer = (told.startsWith('{') ? JSON.parse(told) : {}) as Partial<Audit>;
  const { vulnerabilities, statusCode, message } = answer;
  if (NO_SUCH_ENDPOINT.has(statusCode ?? 0)) return undefined;
  if (!vulnerabilities) return [`weaknesses could not be asked for: ${message ?? 'no answer'}`];
  return Object.entries(vulnerabilities)
    .filter(([, { severity }]) => severity === 'high' || severity === 'critical')
    .map(([name, { severity }]) => `${name}: ${severity}, see npm audit`);
};

const sbom = npm('sbom', '--sbom-format', 'cyclonedx');
mkdirSync('dist', { recursive: true });
writeFileSync(SBOM, sbom);
const { components } = JSON.parse(sbom) as { readonly components: readonly Component[] };
const weaknesses = knownWeaknesses();
const faults = [...licenceFaults(components), ...lockFaults(), ...(weaknesses ?? [])];
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;
console.log(
  `${SBOM}: ${components.length} packages, ${faults.length} faults of licences, digests or known weaknesses`,
);
if (!weaknesses) {
  console.log('Weaknesses were not looked for: this registry has no audit endpoint');
  if (process.env['AUDIT_REQUIRED'] === 'true') process.exitCode = 1;
}
