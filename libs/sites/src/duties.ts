import { dutiesOfRoom, type ToldAct } from '@hostledger/eventsourcing';
import type { FacilityEvent } from './domain/facility.js';
import type { RackEvent } from './domain/rack.js';

/** A derating may leave less than is in use or promised, which no refusal would undo. */
const derated = (about: string, reason: string): readonly ToldAct[] => [
  { kind: 'override', name: 'sites/derating', about, reason },
];

export const sitesDuties = dutiesOfRoom<FacilityEvent | RackEvent>({
  overrides: {
    'sites/derating':
      'A limit was set below the rated one; also below what is in use or promised, which is then a breach to be cured',
    'sites/curtailment-corrected':
      'The energy that a curtailment avoided was told anew after it had been told before',
  },
  acts: {
    FacilityDerated: ({ data }) => derated(`facility ${data.facility}`, data.cause),
    RackDerated: ({ data }) => derated(`rack ${data.facility}.${data.rack}`, data.cause),
    CurtailmentMeasured: ({ data }) =>
      data.cause === undefined
        ? []
        : [
            {
              ...{ kind: 'override', name: 'sites/curtailment-corrected' },
              ...{ about: `curtailment ${data.curtailmentId}`, reason: data.cause },
            },
          ],
  },
});
