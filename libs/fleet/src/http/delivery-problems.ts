import { registerProblems } from '@hostledger/http';

registerProblems({
  'delivery/attributed-otherwise': {
    status: 409,
    title: 'The delivery counts towards the supply agreement already, from another day',
  },
  'delivery/attributed': {
    status: 409,
    title: 'The delivery counts towards another supply agreement',
  },
  'delivery/beyond-manifest': {
    status: 409,
    title: 'The machine was taken in beside the manifest; no line describes it',
  },
  'delivery/line-not-received': {
    status: 409,
    title: 'A line names the machine and was not received; resolve its discrepancy',
  },
  'delivery/sent-back': { status: 409, title: 'The machine was sent back' },
  'delivery/disputed': {
    status: 409,
    title: 'The machine has an open discrepancy; resolve it if it is not so',
  },
  'delivery/discrepancy-unknown': { status: 404, title: 'There is no such discrepancy' },
  'delivery/discrepancy-resolved': {
    status: 409,
    title: 'The discrepancy was settled, or is being settled, in another way',
  },
  'delivery/resolution-not-possible': {
    status: 409,
    title: 'A discrepancy of this kind is not settled so',
  },
  'delivery/machine-not-named': {
    status: 422,
    title: 'The machine that comes in needs its serial number and its model',
  },
  'delivery/model-differs': {
    status: 422,
    title: 'The machine of the discrepancy is not of that model when it is settled so',
  },
  'delivery/serial-differs': {
    status: 422,
    title: 'The discrepancy is about another serial number',
  },
});
