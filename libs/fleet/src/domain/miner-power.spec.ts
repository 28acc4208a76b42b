import { specOf } from '@hostledger/testing';
import {
  storage,
  slot,
  rated,
  about,
  hosted,
  received,
  installed,
  power,
  energized,
  deenergized,
  uninstalled,
  repairOpened,
  command,
  energize,
  deenergize,
} from './miner-story.fixture.js';
import { minerAggregate, type MinerEvent, type SlotPlace, type StoragePlace } from './miner.js';

const { given } = specOf(minerAggregate);

describe('energizing a miner', () => {
  it('lets it draw power in its slot, once', () => {
    given(received, installed).when(energize()).then(energized);
    given(received, installed, energized).when(energize()).thenNothing();
  });

  it.each([['storage', [] as MinerEvent[]] as const])('is refused in %s', (_, more) => {
    given(received, ...more)
      .when(energize())
      .thenRejects('miner/not-in-slot');
  });

  it.each(['drafted', 'executed', 'suspended', 'terminated', 'expired', 'rejected'] as const)(
    'is refused while the contract is %s, unless somebody else overrides that',
    (stage) => {
      const override = { approvedBy: 'grace', reason: 'burn-in before commencement' };
      given(received, installed).when(energize({ stage })).thenRejects('miner/contract-not-active');
      given(received, installed)
        .when(energize({ stage, override: { ...override, approvedBy: 'ada' } }))
        .thenRejects('miner/own-override', '/override/approvedBy');
      given(received, installed)
        .when(energize({ stage, override: { ...override, approvedBy: 'Ada' } }))
        .thenRejects('miner/own-override', '/override/approvedBy');
      given(received, installed)
        .when(energize({ stage, override: { ...override, approvedBy: 'the boss' } }))
        .thenRejects('miner/approver-invalid', '/override/approvedBy');
      given(received, installed)
        .when(energize({ stage, override }))
        .then({ type: 'MinerEnergized', data: { ...power, override } });
    },
  );

  it('may be overridden by somebody whom an OIDC issuer knows, and not by oneself under that name', () => {
    const grace = 'oidc:login.example.com/realms/hosting#grace|7';
    const override = { approvedBy: grace, reason: 'burn-in before commencement' };
    given(received, installed)
      .when(energize({ stage: 'executed', override }))
      .then({ type: 'MinerEnergized', data: { ...power, override } });
    given(received, installed)
      .when(energize({ stage: 'executed', override, by: grace }))
      .thenRejects('miner/own-override', '/override/approvedBy');
  });

  it('needs no override that it was given for an active contract', () => {
    const override = { approvedBy: 'grace', reason: 'in doubt' };
    given(received, installed).when(energize({ override })).then(energized);
  });

  it('is refused while it is under repair', () => {
    given(received, installed, repairOpened)
      .when(energize())
      .thenRejects('miner/under-repair', '/serial');
  });
});

describe('de-energizing a miner', () => {
  it('names the cause, once', () => {
    given(received, installed, energized)
      .when(deenergize)
      .then({
        type: 'MinerDeenergized',
        data: { ...power, cause: 'curtailment', curtailmentId: 'c1' },
      });
    given(received, installed, energized, deenergized('fault')).when(deenergize).thenNothing();
  });

  it('comes before every move out of its slot', () => {
    const to = { ...slot, slot: 2 };
    given(received, installed, energized)
      .when(command('RelocateMiner', { to, reservationId: 'r2', powerWatts: 3_247 }))
      .then(deenergized('relocation'), {
        type: 'MinerRelocated',
        data: {
          ...about,
          ...rated,
          from: slot,
          fromReservationId: 'r1',
          to,
          reservationId: 'r2',
        },
      });
    given(received, installed, energized)
      .when(command('UninstallMiner', { removalId: 'removal-1' }))
      .then(deenergized('uninstallation'), uninstalled);
  });
});

describe('the power profile of a miner', () => {
  const profile = { profile: 'eco', hashrateGhs: 120_000, powerWatts: 2_400 };
  const grant = { reservationId: 'r1', revision: 7 };
  const changed = (place: SlotPlace | StoragePlace): MinerEvent => ({
    type: 'PowerProfileChanged',
    data: {
      ...hosted,
      place,
      energized: place.kind === 'slot',
      ...(place.kind === 'slot' && { grant }),
      profile: 'eco',
      fromHashrateGhs: 151_000,
      hashrateGhs: 120_000,
      fromWatts: 3_247,
      powerWatts: 2_400,
    },
  });

  it('changes in storage, or in the slot whose rack granted the watts', () => {
    given(received).when(command('ChangePowerProfile', profile)).then(changed(storage));
    given(received, installed, energized)
      .when(command('ChangePowerProfile', { ...profile, grant }))
      .then(changed(slot));
  });

  it('changes once, and not back to an earlier grant', () => {
    given(received, changed(storage)).when(command('ChangePowerProfile', profile)).thenNothing();
    const before = { ...profile, powerWatts: 3_000, grant: { ...grant, revision: 6 } };
    const after = { ...before, grant: { ...grant, revision: 8 } };
    const history = [received, installed, energized, changed(slot)];
    given(...history)
      .when(command('ChangePowerProfile', before))
      .thenNothing();
    given(...history)
      .when(command('ChangePowerProfile', after))
      .then({
        type: 'PowerProfileChanged',
        data: {
          ...hosted,
          ...after,
          place: slot,
          energized: true,
          fromHashrateGhs: 120_000,
          fromWatts: 2_400,
        },
      });
  });

  it('does not change for a slot that it has left meanwhile', () => {
    given(received, installed, uninstalled)
      .when(command('ChangePowerProfile', { ...profile, grant }))
      .thenRejects('miner/moved-meanwhile');
    given(received, installed)
      .when(command('ChangePowerProfile', profile))
      .thenRejects('miner/moved-meanwhile');
  });

  it('counts when the next slot is wanted', () => {
    const to = { to: slot, reservationId: 'r1' };
    given(received, changed(storage))
      .when(command('InstallMiner', { ...to, powerWatts: 3_247 }))
      .thenRejects('miner/power-changed', '/serial');
  });
});
