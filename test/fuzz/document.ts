/** What of the OpenAPI document is used here. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly example?: unknown;
  readonly default?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema?: Schema;
  readonly example?: unknown;
}

export interface Operation {
  readonly id: string;
  readonly method: string;
  /** With parameters in braces. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  /** Of a JSON body. */
  readonly body?: Schema;
  /** A line of an upload, which may be sent as CSV. */
  readonly line?: Schema;
  /** Statuses that the document tells of. */
  readonly statuses: ReadonlySet<number>;
  /** Media types of good answers. */
  readonly produces: readonly string[];
}

interface Media {
  readonly schema?: Schema;
}
interface WrittenOperation {
  readonly operationId: string;
  readonly parameters?: readonly (Parameter & { readonly $ref?: string })[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, { readonly content?: Record<string, Media> }>>;
}

/** The document of a running system, its references followed on demand. */
export class ApiDocument {
  readonly operations: readonly Operation[];

  constructor(
    private readonly document: {
      readonly paths: Readonly<Record<string, Readonly<Record<string, WrittenOperation>>>>;
    },
  ) {
    this.operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, written]) => this.#operation(path, method, written)),
    );
  }

  /** Without references, and with what `allOf` adds; what is inside may have some. */
  resolved(schema: Schema): Schema {
    const { allOf, $ref, ...own } = schema;
    const parts = [...($ref === undefined ? [] : [this.#at<Schema>($ref)]), ...(allOf ?? [])];
    return parts
      .map((part) => this.resolved(part))
      .reduce((all, part) => ({ ...part, ...all }), own as Schema);
  }

  #at<T>(reference: string): T {
    const steps = reference.slice('#/'.length).split('/');
    return steps.reduce<unknown>(
      (node, step) => (node as Record<string, unknown>)[step],
      this.document,
    ) as T;
  }

  #operation(path: string, method: string, written: WrittenOperation): Operation {
    const { operationId, parameters = [], requestBody, responses } = written;
    const body = requestBody?.content['application/json']?.schema;
    const upload = requestBody && 'text/csv' in requestBody.content;
    const line = upload && body ? this.resolved(body).properties?.['lines']?.items : undefined;
    const good = Object.entries(responses).filter(([status]) => status.startsWith('2'));
    return {
      id: operationId,
      method: method.toUpperCase(),
      path,
      parameters: parameters.map((one) => (one.$ref ? this.#at<Parameter>(one.$ref) : one)),
      ...(body && { body }),
      ...(line && { line }),
      statuses: new Set(Object.keys(responses).map(Number)),
      produces: good.flatMap(([, { content = {} }]) => Object.keys(content)),
    };
  }
}
