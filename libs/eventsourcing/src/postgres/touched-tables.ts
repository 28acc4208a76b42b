import {
  OperationNodeTransformer,
  TableNode,
  type CommonTableExpressionNameNode,
  type KyselyPlugin,
  type RawNode,
  type ReferenceNode,
  type RootOperationNode,
} from 'kysely';

/** SQL as text may read tables that its nodes do not name. */
const NAMES_TABLES = /\b(from|join)\b/i;

/** What is told of the tables of a query before it is carried out; either may throw to prevent that. */
export interface TableWatch {
  /** A query is about to read this table; the result is the schema to read it from. */
  onTable(table: string): string | undefined;
  /** A query is about to read tables that it hides. */
  onAnyTable(): void;
}

/** Tells which tables queries read and has them read from the schemas that are named in return. */
export const touchedTables = (watch: TableWatch): KyselyPlugin => {
  const transformer = new Qualifier(watch);
  return {
    transformQuery: ({ node }): RootOperationNode => transformer.transformNode(node),
    transformResult: ({ result }) => Promise.resolve(result),
  };
};

class Qualifier extends OperationNodeTransformer {
  constructor(private readonly watch: TableWatch) {
    super();
  }

  protected override transformTable(node: TableNode): TableNode {
    const { schema, identifier } = node.table;
    if (schema) return node;
    const found = this.watch.onTable(identifier.name);
    return found === undefined ? node : TableNode.createWithSchema(found, identifier.name);
  }

  /** `accounts.balance` speaks of a table as FROM has named it, which is without the schema. */
  protected override transformReference(node: ReferenceNode): ReferenceNode {
    return node;
  }

  protected override transformCommonTableExpressionName(
    node: CommonTableExpressionNameNode,
  ): CommonTableExpressionNameNode {
    return node;
  }

  protected override transformRaw(node: RawNode): RawNode {
    if (node.sqlFragments.some((fragment) => NAMES_TABLES.test(fragment))) this.watch.onAnyTable();
    return super.transformRaw(node);
  }
}
