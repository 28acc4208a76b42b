import {
  applyDecorators,
  createParamDecorator,
  SetMetadata,
  type ExecutionContext,
  type Type,
} from '@nestjs/common';
import { METHOD_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RequestMethod } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import type { AuthenticatedRequest, Principal } from './auth.js';
import type { OwnedKind } from './read.js';

// Whose objects a request may see. Routes are closed to whoever is limited to customers until they say by
// which rule they are open: docs/authorization.md tells which are, and why.

/** Whose objects are seen; everybody's where `customers` is absent. */
export interface Scope {
  readonly customers?: readonly string[];
}

/**
 * Somebody of a customer is limited also without any, and then sees nothing; whoever has customers is limited
 * whatever the roles.
 */
export const scopeOf = ({ roles, customers }: Principal): Scope => {
  if (customers) return { customers };
  return roles.includes('customer') ? { customers: [] } : {};
};

export const sees = ({ customers }: Scope, customerId: string): boolean =>
  !customers || customers.includes(customerId);

type ScopeRule = (
  { readonly kind: 'object'; readonly of: OwnedKind } | { readonly kind: 'rows' }
) & {
  readonly without: readonly string[];
};

interface Shown {
  /** Properties of the reply that customers are not told. */
  readonly without?: readonly string[];
}

const RULE = 'hostledger:scope-rule';

/** Open to a customer where the object of the path is its own. */
export const OwnObject = (of: OwnedKind, { without = [] }: Shown = {}): MethodDecorator =>
  applyDecorators(SetMetadata(RULE, { kind: 'object', of, without } satisfies ScopeRule));

/** Open to customers: the route takes {@link InScope} and answers with rows of theirs alone. */
export const OwnRows = ({ without = [] }: Shown = {}): MethodDecorator =>
  applyDecorators(SetMetadata(RULE, { kind: 'rows', without } satisfies ScopeRule));

export const scopeRuleOf = (
  reflector: Reflector,
  handler: Parameters<Reflector['get']>[1],
): ScopeRule | undefined => reflector.get<ScopeRule | undefined>(RULE, handler);

const scopeOfRequest = (_: unknown, context: ExecutionContext): Scope => {
  const { principal } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  // Without a guard there is nobody, who sees nothing.
  return principal ? scopeOf(principal) : { customers: [] };
};

/** The {@link Scope} of the request, as a parameter of a route. */
export const InScope = createParamDecorator(scopeOfRequest);

/** Beside what a route names: who of the company did something, and what ties requests together. */
const NEVER_TOLD = new Set([
  ...['actor', 'role', 'registeredBy', 'askedBy', 'agreedBy', 'proposedBy', 'approvedBy'],
  ...['correlationId', 'causationId'],
]);
const OF_A_CUSTOMER = /^(customerId|[a-z]+CustomerId|successorId)$/;

/** What a customer is told of a reply: nothing of who did it, and no other customer's id. */
export const toldTo = (body: unknown, scope: Scope, without: readonly string[] = []): unknown => {
  const hidden = new Set(without);
  const told = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(told);
    if (!isRecord(value)) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key, one]) => {
          if (NEVER_TOLD.has(key) || hidden.has(key)) return false;
          return typeof one !== 'string' || !OF_A_CUSTOMER.test(key) || sees(scope, one);
        })
        .map(([key, one]) => [key, told(one)]),
    );
  };
  return scope.customers ? told(body) : body;
};

/** Not of files, streams or dates, which go out as they are. */
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  !ArrayBuffer.isView(value) &&
  !(value instanceof Date) &&
  !('pipe' in value);

interface Route {
  readonly controller: Type;
  readonly name: string;
  readonly handler: () => unknown;
}

/**
 * What is wrong with how routes say that they are open to customers: those write nothing, and a list that does
 * not ask for the scope heeds none.
 */
export const scopeFaults = (reflector: Reflector, routes: readonly Route[]): readonly string[] =>
  routes.flatMap(({ controller, name, handler }) => {
    const rule = scopeRuleOf(reflector, handler);
    if (!rule) return [];
    const route = `${controller.name}.${name}`;
    if (Reflect.getMetadata(METHOD_METADATA, handler) !== RequestMethod.GET) {
      return [`${route} writes, which nobody does who is limited to customers`];
    }
    if (rule.kind === 'rows' && !takesScope(controller, name)) {
      return [`${route} has rows of customers and does not take @InScope()`];
    }
    return [];
  });

const takesScope = (controller: Type, name: string): boolean => {
  const taken = Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) as
    Readonly<Record<string, { readonly factory?: unknown }>> | undefined;
  return Object.values(taken ?? {}).some(({ factory }) => factory === scopeOfRequest);
};
