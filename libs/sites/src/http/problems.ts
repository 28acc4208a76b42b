import { registerProblems } from '@hostledger/http';

registerProblems({
  'facility/unknown': { status: 404, title: 'There is no such facility' },
  'facility/already-open': { status: 409, title: 'The facility code is in use' },
  'facility/power-envelope-exceeded': {
    status: 409,
    title: "The racks' limits would exceed the facility's power envelope",
  },
  'facility/rack-exists': { status: 409, title: 'The rack exists with other data' },
  'facility/rack-named-twice': { status: 422, title: 'A rack is named twice in one upload' },
  'facility/too-many-racks': { status: 422, title: 'An upload commissions at most 2,000 racks' },
  'facility/capacity-exceeded': {
    status: 409,
    title: 'The capacity committed to customers would exceed the power envelope',
  },
  'facility/capacity-released': {
    status: 409,
    title: 'The capacity of this allocation was given back; allocate anew',
  },
  'facility/power-envelope-in-use': {
    status: 409,
    title: 'The racks, or the capacity committed to customers, need more power',
  },
  'facility/not-derated': { status: 409, title: 'A derated envelope is below the rated one' },
  'facility/derated': {
    status: 409,
    title: 'The facility is derated below that; restore it first',
  },
  'facility/rack-unknown': { status: 422, title: 'The facility has no such rack' },
  'facility/curtailment-unknown': { status: 404, title: 'There is no such curtailment' },
  'facility/curtailment-open': {
    status: 409,
    title: 'A curtailment for that cause is open, or announced, at that time',
  },
  'facility/curtailment-overlaps': {
    status: 409,
    title: 'A curtailment for that cause lasted at that time',
  },
  'facility/curtailment-backwards': { status: 422, title: 'A curtailment ends after it began' },
  'facility/already-acquired': {
    status: 409,
    title: 'The facility was acquired already, on other terms',
  },
  'facility/curtailment-begun': { status: 409, title: 'The curtailment began; it can be ended' },
  'facility/curtailment-cancelled': { status: 409, title: 'The curtailment was cancelled' },
  'facility/curtailment-ended': { status: 409, title: 'The curtailment is over' },
  'facility/curtailment-not-ended': { status: 409, title: 'The curtailment is not over' },
  'facility/curtailment-measured': {
    status: 409,
    title: 'Other energy is told of the curtailment, which only what says why corrects',
  },
  'facility/capacity-committed': {
    status: 409,
    title: 'Capacity of the facility is committed to customers',
  },
  'facility/not-empty': { status: 409, title: 'Machines are at the facility or on their way' },
  'facility/disposal-begun': { status: 409, title: 'The facility is being disposed of' },
  'facility/disposed': { status: 409, title: 'The facility was disposed of' },
  'rack/closed': { status: 409, title: 'The rack is closed with its facility' },
  'rack/not-empty': { status: 409, title: 'Slots of the rack are reserved or occupied' },
  'rack/unknown': { status: 404, title: 'There is no such rack' },
  'rack/already-commissioned': { status: 409, title: 'The rack is in service with other data' },
  'rack/slot-unknown': { status: 404, title: 'The rack has no such slot' },
  'rack/slot-taken': { status: 409, title: 'The slot is reserved or occupied' },
  'rack/power-exceeded': { status: 409, title: 'The rack would exceed its power limit' },
  'rack/power-invalid': { status: 422, title: 'A machine takes at least one whole watt' },
  'rack/slot-left': { status: 409, title: 'The miner does not stand in that slot' },
  'rack/not-derated': { status: 409, title: 'A derated limit is below the rated one' },
  'rack/reservation-ended': { status: 409, title: 'The reservation is over and cannot come back' },
});
