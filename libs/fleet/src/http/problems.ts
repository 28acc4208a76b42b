import { registerProblems } from '@hostledger/http';

registerProblems({
  'model/unknown': { status: 422, title: 'There is no such miner model' },
  'miner/unknown': { status: 404, title: 'There is no such miner' },
  'miner/duplicate-serial': { status: 409, title: 'The serial number lives already' },
  'miner/already-installed': { status: 409, title: 'The miner stands in another slot' },
  'miner/not-installed': { status: 409, title: 'The miner is in storage' },
  'miner/in-transit': { status: 409, title: 'The miner is on the road between facilities' },
  'miner/already-there': { status: 409, title: 'The miner is at that facility already' },
  'miner/not-in-transit': { status: 409, title: 'The miner is at a facility, not on the road' },
  'miner/relocation-abandoned': {
    status: 409,
    title: 'The move was given up before it was made; ask for it again',
  },
  'move/miner-twice': { status: 422, title: 'One upload moves a miner once' },
  'move/not-reserved': { status: 409, title: 'The slot was not to be had; ask for it again' },
  'relocation/unknown': { status: 404, title: 'There is no such relocation plan' },
  'relocation/own-plan': { status: 403, title: 'A plan is approved by another than its planner' },
  'relocation/slot-twice': { status: 422, title: 'One plan moves one machine into a slot' },
  'relocation/moves-missing': { status: 409, title: 'Not all moves of the plan are stored yet' },
  'relocation/not-approved': { status: 409, title: 'The relocation plan is not approved' },
  'relocation/not-reserved': { status: 409, title: 'No slot is held for the machine to go to' },
  'relocation/not-departed': { status: 409, title: 'The machine did not leave under the plan' },
  'relocation/miner-not-planned': { status: 404, title: 'The plan does not move the machine' },
  'relocation/arrived-elsewhere': {
    status: 409,
    title: 'The machine arrived at another facility than its slot',
  },
  'relocation/cancelled': { status: 409, title: 'The relocation was called off' },
  'relocation/completed': { status: 409, title: 'Every move of the relocation has ended' },
  'relocation/reservation-expired': {
    status: 409,
    title: 'The slot was held until the machine should have come',
  },
  'delivery/unknown': { status: 404, title: 'There is no such delivery' },
  'delivery/duplicate-in-manifest': {
    status: 422,
    title: 'The serial number is on an earlier line of the manifest',
  },
  'delivery/still-receiving': {
    status: 409,
    title: 'Not every line of the delivery is accounted for yet',
  },
  'delivery/too-many-lines': {
    status: 409,
    title: 'More lines were counted than the manifest has',
  },
});
