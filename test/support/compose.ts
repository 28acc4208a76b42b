import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export interface ComposeService {
  readonly image: string;
  readonly user?: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly networks?: readonly string[];
  readonly network_mode?: string;
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly deploy?: { readonly replicas: number };
  readonly restart: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
}

/** A compose file as it is read by compose, with what variables are by default. */
export interface Compose {
  readonly text: string;
  readonly document: unknown;
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** @param path of the file below the root of the repository */
export const readCompose = (
  path: string,
  variables: Readonly<Record<string, string>> = {},
): Compose => {
  const text = readFileSync(join(__dirname, '../..', path), 'utf8');
  const document = interpolated(parse(text, { merge: true }), variables) as Omit<
    Compose,
    'text' | 'document'
  >;
  const rest = Object.entries(document).filter(([name]) => !name.startsWith('x-'));
  return { ...document, text, document: Object.fromEntries(rest) };
};

/** `${NAME}`, `${NAME:-default}`, `${NAME:?why}` and `$$`, as compose has them. */
const interpolated = (value: unknown, given: Readonly<Record<string, string>>): unknown => {
  if (typeof value === 'string') {
    return value.replace(
      /\$\$|\$\{([A-Z_]+)(?::([-?])([^}]*))?\}/g,
      (whole, name: string | undefined, kind: string | undefined, rest: string | undefined) => {
        if (name === undefined) return '$';
        const found = given[name];
        if (found) return found;
        if (kind === '?') throw new Error(`${name}: ${rest}`);
        return rest ?? '';
      },
    );
  }
  if (Array.isArray(value)) return value.map((one) => interpolated(one, given));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, interpolated(one, given)]),
  );
};
