// @ts-check
// Writes the generated files of this scenario beside itself, or into the directory given. The same
// bytes every time: `npm run scenario:generate` after a change, and commit the result.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MODEL = 'S19JXP-151';
const NAMEPLATE_WATTS = 3_247;
const UNITS = 27_000;
const UNITS_PER_PALLET = 36;
const SLOTS_PER_RACK = 84;
/** 84 machines at their nameplate are 272,748 W; the rest is for the rack's switch. */
const RACK_LIMIT_WATTS = 273_000;

/** Rows of racks in each building, and the machines installed first. Racks are left free to move into. */
const sites = [
  { facility: 'DENTON', buildings: 5, racksPerBuilding: 50, units: 20_000 },
  { facility: 'COTTONWOOD', buildings: 2, racksPerBuilding: 45, units: 7_000 },
];

/** Machines exchanged between the two sites, each way. */
const EXCHANGED = 240;
/** Racks emptied inside each site. */
const CLEARED = {
  DENTON: ['B1-R01', 'B1-R02'],
  COTTONWOOD: ['B1-R01'],
};
const SEED = 840_000;

/** @typedef {{ facility: string, rack: string, slot: number }} Place */
/** @typedef {Place & { serial: string }} Line */

const two = (/** @type {number} */ n) => String(n).padStart(2, '0');

/** @param {(typeof sites)[number]} site */
const racksOf = ({ buildings, racksPerBuilding }) =>
  Array.from({ length: buildings * racksPerBuilding }, (_, index) => {
    const building = Math.floor(index / racksPerBuilding) + 1;
    return `B${building}-R${two((index % racksPerBuilding) + 1)}`;
  });

/**
 * Every slot of a site, rack by rack.
 * @param {(typeof sites)[number]} site
 * @returns {Place[]}
 */
const slotsOf = (site) =>
  racksOf(site).flatMap((rack) =>
    Array.from({ length: SLOTS_PER_RACK }, (_, index) => ({
      facility: site.facility,
      rack,
      slot: index + 1,
    })),
  );

const serials = Array.from(
  { length: UNITS },
  (_, index) => `GEN151XP${String(index + 1).padStart(5, '0')}`,
);

/** Machines leave the pallets in order and fill rack after rack. */
const install = () => {
  /** @type {Line[]} */
  const lines = [];
  for (const site of sites) {
    for (const place of slotsOf(site).slice(0, site.units)) {
      lines.push({ serial: serials[lines.length] ?? '', ...place });
    }
  }
  return lines;
};

/** Mulberry32: small, and the same numbers on every machine. */
const random = (/** @type {number} */ seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

/**
 * @param {readonly Line[]} lines
 * @param {number} count
 * @param {() => number} next
 */
const draw = (lines, count, next) => {
  const pool = [...lines];
  return Array.from(
    { length: count },
    () => /** @type {Line} */ (pool.splice(Math.floor(next() * pool.length), 1)[0]),
  ).sort((a, b) => (a.serial < b.serial ? -1 : 1));
};

/**
 * The moves, each into a slot that nobody ever stood in: no line waits for another.
 * @param {readonly Line[]} installed
 */
const relocate = (installed) => {
  const next = random(SEED);
  const free = new Map(sites.map((site) => [site.facility, slotsOf(site).slice(site.units)]));
  const into = (/** @type {string} */ facility, /** @type {readonly Line[]} */ lines) =>
    lines.map(({ serial }) => {
      const place = free.get(facility)?.shift();
      if (!place) throw new Error(`${facility} has no free slot left`);
      return { serial, ...place };
    });
  const at = (/** @type {keyof CLEARED} */ facility) =>
    installed.filter((line) => line.facility === facility);
  const stays = (/** @type {keyof CLEARED} */ facility) =>
    at(facility).filter(({ rack }) => !CLEARED[facility].includes(rack));
  const leaves = (/** @type {keyof CLEARED} */ facility) =>
    at(facility).filter(({ rack }) => CLEARED[facility].includes(rack));
  return {
    exchange: [
      ...into('COTTONWOOD', draw(stays('DENTON'), EXCHANGED, next)),
      ...into('DENTON', draw(stays('COTTONWOOD'), EXCHANGED, next)),
    ],
    denton: into('DENTON', leaves('DENTON')),
    cottonwood: into('COTTONWOOD', leaves('COTTONWOOD')),
  };
};

/** @param {string} header @param {readonly (readonly (string | number)[])[]} rows */
const csv = (header, rows) => [header, ...rows.map((row) => row.join(','))].join('\n') + '\n';

/** @param {readonly Line[]} lines */
const placesCsv = (lines) =>
  csv(
    'serial,facility,rack,slot',
    lines.map(({ serial, facility, rack, slot }) => [serial, facility, rack, slot]),
  );

const files = () => {
  const installed = install();
  const moves = relocate(installed);
  const pallet = (/** @type {number} */ index) =>
    `P${String(Math.floor(index / UNITS_PER_PALLET) + 1).padStart(4, '0')}`;
  const racks = sites.map((site) => ({
    name: `racks-${site.facility.toLowerCase()}.csv`,
    text: csv(
      'rack,slotCount,powerLimitWatts',
      racksOf(site).map((rack) => [rack, SLOTS_PER_RACK, RACK_LIMIT_WATTS]),
    ),
  }));
  const manifest = csv(
    'serial,model,condition,pallet',
    serials.map((serial, index) => [serial, MODEL, 'ok', pallet(index)]),
  );
  return [
    ...racks,
    { name: 'manifest.csv', text: manifest },
    { name: 'installations.csv', text: placesCsv(installed) },
    { name: 'relocations-exchange.csv', text: placesCsv(moves.exchange) },
    { name: 'relocations-denton.csv', text: placesCsv(moves.denton) },
    { name: 'relocations-cottonwood.csv', text: placesCsv(moves.cottonwood) },
  ];
};

if (SLOTS_PER_RACK * NAMEPLATE_WATTS > RACK_LIMIT_WATTS) throw new Error('The racks would trip');
const directory = process.argv[2] ?? import.meta.dirname;
for (const { name, text } of files()) writeFileSync(join(directory, name), text);
