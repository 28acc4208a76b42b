export { EventSourcingModule, type EventSourcingParts } from './event-sourcing.module.js';
