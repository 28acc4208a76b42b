// Imported first by every app: older versions fail on what is imported next, less plainly.

const OLDEST = [24, 9] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  console.error(
    `Hostledger needs Node ${OLDEST.join('.')} or newer; this is ${process.version}. ` +
      'Run it through npm, which brings its own.',
  );
  process.exit(1);
}

export {};
