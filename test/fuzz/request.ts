/** A request as it goes over the wire; nothing of it is checked or escaped any more. */
export interface HostileRequest {
  readonly method: string;
  /** With its query; a text of Latin-1, so that any byte may be in it. */
  readonly target: string;
  /** Names may come twice. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: Buffer;
  /** What is hostile about it. */
  readonly what: string;
}

/** Bytes of HTTP/1.1, with the length of the body unless a header says something else of it. */
export const bytesOf = ({ method, target, headers, body }: HostileRequest): Buffer => {
  const named = new Set(headers.map(([name]) => name.toLowerCase()));
  const lines = [
    `${method} ${target} HTTP/1.1`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  if (!named.has('host')) lines.push('host: 127.0.0.1');
  if (body && !named.has('content-length') && !named.has('transfer-encoding')) {
    lines.push(`content-length: ${body.length}`);
  }
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return body ? Buffer.concat([head, body]) : head;
};

const SHOWN_BYTES = 1_500;
const quoted = (text: string): string =>
  `$'${text.replaceAll(/[\\'\n\r\t\0]|[^\x20-\x7e]/g, escaped)}'`;
const escaped = (character: string): string => {
  if (character === '\\' || character === "'") return `\\${character}`;
  const hex = character.charCodeAt(0).toString(16);
  return hex.length > 2 ? `\\u${hex.padStart(4, '0')}` : `\\x${hex.padStart(2, '0')}`;
};

/** To be sent again by hand: as a command line, its body cut where it is long. */
export const asCurl = ({ method, target, headers, body, what }: HostileRequest): string => {
  const shown = headers.map(([name, value]) => {
    const kept = name.toLowerCase() === 'authorization' ? 'Bearer $TOKEN' : value.slice(0, 300);
    return ` -H ${quoted(`${name}: ${kept}`)}`;
  });
  const text = body?.toString('latin1') ?? '';
  const cut = text.length > SHOWN_BYTES ? `… (${text.length} bytes)` : '';
  const data = body ? ` --data-binary ${quoted(text.slice(0, SHOWN_BYTES) + cut)}` : '';
  return `${what}: curl -g --path-as-is -X ${method} ${quoted(`$URL${target.slice(0, 600)}`)}${shown.join('')}${data}`;
};
