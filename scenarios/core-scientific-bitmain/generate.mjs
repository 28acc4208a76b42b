// @ts-check
// Writes the generated files of this scenario beside itself, or into the directory given. The same
// bytes every time: `npm run scenario:generate` after a change, and commit the result.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MODEL = 'S19JXP-151';
const NAMEPLATE_WATTS = 3_247;
const UNITS = 27_000;
/** Received by the end of 2023; the rest came in January. */
const FIRST_UNITS = 22_700;
const OLDER_MODEL = 'S19JPRO-104';
const UNITS_PER_PALLET = 36;
const SLOTS_PER_RACK = 84;
/** 84 machines at their nameplate are 272,748 W; the rest is for the rack's switch. */
const RACK_LIMIT_WATTS = 273_000;

/**
 * Rows of racks in each building, and the machines installed first. Racks are left free to move
 * into: the last three of Denton for the machines that have to leave Cedarvale.
 */
const sites = [
  { facility: 'DENTON', buildings: 5, racksPerBuilding: 50, units: 20_000 },
  { facility: 'COTTONWOOD', buildings: 2, racksPerBuilding: 45, units: 7_000 },
];
const cedarvale = { facility: 'CEDARVALE', buildings: 1, racksPerBuilding: 3, units: 252 };

/** Racks emptied inside each site. */
const CLEARED = {
  DENTON: ['B1-R01', 'B1-R02'],
  COTTONWOOD: ['B1-R01'],
};

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

const serialsOf = (/** @type {string} */ prefix, /** @type {number} */ count) =>
  Array.from({ length: count }, (_, index) => `${prefix}${String(index + 1).padStart(5, '0')}`);

const serials = serialsOf('GEN151XP', UNITS);
const olderSerials = serialsOf('GEN104JP', cedarvale.units);

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

/** @param {readonly string[]} machines @param {readonly Place[]} places @returns {Line[]} */
const into = (machines, places) =>
  machines.map((serial, index) => {
    const place = places[index];
    if (!place) throw new Error(`There is no slot for ${serial}`);
    return { serial, ...place };
  });

/**
 * The machines of the racks that are cleared go into the next slots in which nobody stands.
 * @param {readonly Line[]} installed
 * @param {keyof CLEARED} facility
 */
const clear = (installed, facility) => {
  const site = sites.find((each) => each.facility === facility);
  if (!site) throw new Error(`There is no site ${facility}`);
  const leaving = installed.filter(
    (line) => line.facility === facility && CLEARED[facility].includes(line.rack),
  );
  return into(
    leaving.map(({ serial }) => serial),
    slotsOf(site).slice(site.units),
  );
};

/** @param {string} header @param {readonly (readonly (string | number)[])[]} rows */
const csv = (header, rows) => [header, ...rows.map((row) => row.join(','))].join('\n') + '\n';

/** @param {readonly Line[]} lines */
const placesCsv = (lines) =>
  csv(
    'serial,facility,rack,slot',
    lines.map(({ serial, facility, rack, slot }) => [serial, facility, rack, slot]),
  );

const palletOf = (/** @type {number} */ index) =>
  `P${String(Math.floor(index / UNITS_PER_PALLET) + 1).padStart(4, '0')}`;

/** @param {readonly string[]} machines @param {string} model @param {number} before */
const manifest = (machines, model, before = 0) =>
  csv(
    'serial,model,condition,pallet',
    machines.map((serial, index) => [serial, model, 'ok', palletOf(before + index)]),
  );

const files = () => {
  const installed = install();
  const racks = [...sites, cedarvale].map((site) => ({
    name: `racks-${site.facility.toLowerCase()}.csv`,
    text: csv(
      'rack,slotCount,powerLimitWatts',
      racksOf(site).map((rack) => [rack, SLOTS_PER_RACK, RACK_LIMIT_WATTS]),
    ),
  }));
  const [denton] = sites;
  if (!denton) throw new Error('There is no site');
  const refuge = slotsOf(denton).slice(-cedarvale.units);
  const powered = [...serials, ...olderSerials].map((serial) => [serial]);
  return [
    ...racks,
    { name: 'manifest-2023.csv', text: manifest(serials.slice(0, FIRST_UNITS), MODEL) },
    {
      name: 'manifest-2024.csv',
      text: manifest(serials.slice(FIRST_UNITS), MODEL, FIRST_UNITS),
    },
    { name: 'manifest-older.csv', text: manifest(olderSerials, OLDER_MODEL) },
    { name: 'installations.csv', text: placesCsv(installed) },
    {
      name: 'installations-cedarvale.csv',
      text: placesCsv(into(olderSerials, slotsOf(cedarvale))),
    },
    { name: 'relocations-cedarvale.csv', text: placesCsv(into(olderSerials, refuge)) },
    { name: 'relocations-denton.csv', text: placesCsv(clear(installed, 'DENTON')) },
    { name: 'relocations-cottonwood.csv', text: placesCsv(clear(installed, 'COTTONWOOD')) },
    { name: 'energizations.csv', text: csv('serial', powered) },
  ];
};

if (SLOTS_PER_RACK * NAMEPLATE_WATTS > RACK_LIMIT_WATTS) throw new Error('The racks would trip');
const directory = process.argv[2] ?? import.meta.dirname;
for (const { name, text } of files()) writeFileSync(join(directory, name), text);
