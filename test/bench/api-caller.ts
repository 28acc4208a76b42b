/** Somebody with a token who calls an API. */
export class ApiCaller {
  constructor(
    readonly origin: string,
    readonly token: string,
  ) {}

  /** Sends a request with the token; anything but success is an error that says why. */
  async call(
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly body: unknown; readonly headers: Headers }> {
    const isText = typeof body === 'string';
    const response = await fetch(`${this.origin}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': isText ? 'text/csv' : 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return { body: text === '' ? undefined : JSON.parse(text), headers: response.headers };
  }
}
