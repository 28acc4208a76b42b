import { Inject } from '@nestjs/common';
import { DomainError } from '@hostledger/eventsourcing';
import { ProblemError } from '@hostledger/http';
import { AddressRefused, type AddressGuard } from '../outbound/address-guard.js';
import type { WebhookKey } from '../outbound/secret.js';
import type { WebhookFilter } from '../domain/webhook.js';
import type { WebhookFilterBody } from './forms.js';

/** What the routes need beside the stores; the same as the dispatcher has. */
export interface WebhookSettings {
  readonly key: WebhookKey | undefined;
  readonly guard: AddressGuard;
  /** `source` of test events. */
  readonly source: string;
}

const WEBHOOK_SETTINGS = Symbol('WEBHOOK_SETTINGS');

export const Settings = (): ParameterDecorator => Inject(WEBHOOK_SETTINGS);

export const settingsProvider = (settings: WebhookSettings) => ({
  provide: WEBHOOK_SETTINGS,
  useValue: settings,
});

/** @throws ProblemError where there is none to derive secrets from. */
export const keyOf = ({ key }: WebhookSettings): WebhookKey => {
  if (key) return key;
  throw new ProblemError(
    503,
    'webhook/key-missing',
    'The operator has to set WEBHOOK_KEY, the same for api and worker',
  );
};

/**
 * The address in its one spelling.
 * @throws DomainError where it may not be called, or its host is nowhere to be found.
 */
export const calledAddress = async (guard: AddressGuard, text: string): Promise<string> => {
  try {
    const url = guard.urlOf(text);
    await guard.addressesOf(url);
    return url.href;
  } catch (error) {
    if (!(error instanceof AddressRefused)) throw error;
    const { message, refusal } = error;
    throw new DomainError('invalid', 'webhook/address-refused', message, { refusal }, '/url');
  }
};

/** As events hold it: without what was left out. */
export const filterOf = (body: WebhookFilterBody | undefined): WebhookFilter => ({
  ...(body?.categories && { categories: body.categories }),
  ...(body?.types && { types: body.types }),
  ...(body?.contractId !== undefined && { contractId: body.contractId }),
  ...(body?.customerId !== undefined && { customerId: body.customerId }),
});
