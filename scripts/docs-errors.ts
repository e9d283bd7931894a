// docs/generated/errors.md: every code of a refusal, the attack that it points to, how the device reports it and with
// which exit code its commands end. Without an option it checks that the page is the one it would write; `--write` writes
// it. Source of the codes: packages/uptane/src/errors.ts.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { METADATA_CODES, type MetadataCode } from '@ota-connect/uptane';
import { RESULT_CODES } from '@ota-connect/contract';
import { EXIT_CODES } from '../apps/aktualizr/src/exit-codes.ts';

const PAGE = 'docs/generated/errors.md';

type Meaning = { readonly check: string; readonly mend: string };

const ASK = 'Look at what the repository serves; a device takes the next good answer by itself.';
const KEYS = 'Sign with the keys that Root lists, or publish the Root that lists yours.';
const RENEW = 'Sign the role anew; where it is fresh, set the device’s clock.';

const MEANINGS: Readonly<Record<MetadataCode, Meaning>> = {
  BadKeyId: {
    check: 'The only signature does not count: its key is not one of the role, or it is wrong.',
    mend: KEYS,
  },
  UnmetThreshold: { check: 'Too few of the role’s keys have signed.', mend: KEYS },
  IllegalThreshold: {
    check: 'A threshold is no number of 1 to 1000.',
    mend: 'Mend the file that states it.',
  },
  NonUniqueSignatures: { check: 'Two signatures name one key id.', mend: 'Sign once with each key.' },
  ExpiredMetadata: { check: 'The file expired.', mend: RENEW },
  SecurityException: { check: 'The file is not of its form, or says that it is another role.', mend: ASK },
  RootRotationError: {
    check: 'The next Root is not of the next version.',
    mend: 'Publish Roots one version after the other.',
  },
  VersionMismatch: { check: 'A file is not of the version that is listed, or is not listed.', mend: ASK },
  Rollback: {
    check: 'Something is older than what the device has seen.',
    mend: 'Publish a higher version; see docs/adr/0017 for recovery.',
  },
  MetadataHashMismatch: { check: 'A file is not the one that Timestamp or Snapshot lists.', mend: ASK },
  OversizedMetadata: { check: 'A file is longer than its limit, or Roots do not end.', mend: ASK },
  MetadataFetchFailure: {
    check: 'A file is not there, or could not be fetched.',
    mend: 'See that the server is up; the next poll asks again.',
  },
  DelegationMissing: {
    check: 'The repository lacks the file of a delegated role.',
    mend: 'Publish it, or take the delegation back.',
  },
  DelegationHashMismatch: { check: 'A delegated role’s file is not the one that Snapshot lists.', mend: ASK },
  TargetMismatch: {
    check: 'The repositories do not say the same of an image, or nobody who may lists it.',
    mend: 'Publish the image as the Director assigns it.',
  },
  TargetHashMismatch: {
    check: 'An image has other bytes than its hashes say.',
    mend: 'Store the right bytes; the device downloads again.',
  },
  OversizedTarget: { check: 'An image is longer than listed.', mend: 'Store the right bytes.' },
  UndersizedTarget: { check: 'An image is shorter than listed.', mend: 'Store the right bytes.' },
  BadEcuId: {
    check: 'The Director names an ECU that is not here, or another vehicle.',
    mend: 'Register the ECUs anew; assign to the right device.',
  },
  BadHardwareId: { check: 'The Director takes an ECU for other hardware.', mend: 'Register the ECUs anew.' },
  DirectorDelegation: { check: 'The Director delegates.', mend: 'It must not.' },
  DirectorRepeatedEcuId: { check: 'The Director gives one ECU two images.', mend: 'Assign one.' },
  ReleaseCounter: {
    check: 'The release counter is lower than what the ECU ran, or differs between the repositories.',
    mend: 'Publish old software as a new target with a higher counter.',
  },
  TimeUntrusted: {
    check: 'The clock cannot be right, and no attested time could be had.',
    mend: 'Set the clock, or let the Director attest the time.',
  },
  DroppedRole: {
    check: 'The Director no longer serves Timestamp or Snapshot.',
    mend: 'Serve them; a move to an original Director needs uptane.director_full_roles = "off".',
  },
};

/** Found while an image arrives; all others while metadata are verified. */
const OF_IMAGES: ReadonlySet<MetadataCode> = new Set([
  'TargetHashMismatch',
  'OversizedTarget',
  'UndersizedTarget',
]);

const SUFFIX = { none: '', role: '::R', 'role and repository': '::R::Director, ::R::Image' } as const;

/** What is not there, or cannot be reached, may be there at the next poll: the server is told nothing. */
const UNREPORTED: MetadataCode = 'MetadataFetchFailure';

function row(code: MetadataCode): string {
  const { attack, suffix } = METADATA_CODES[code];
  const result = OF_IMAGES.has(code) ? 'DOWNLOAD_FAILED' : 'VERIFICATION_FAILED';
  const reported = code === UNREPORTED ? 'none' : `${result} (${RESULT_CODES[result]})`;
  const exit = OF_IMAGES.has(code) ? EXIT_CODES.downloadFailed : EXIT_CODES.metadataRefused;
  const { check, mend } = MEANINGS[code];
  return `| \`${code}${SUFFIX[suffix]}\` | ${check} | ${attack} | ${reported} | ${exit} | ${mend} |`;
}

function page(): string {
  const codes = Object.keys(METADATA_CODES) as MetadataCode[];
  return `# Codes of refused updates

Made by \`node scripts/docs-errors.ts --write\` from the codes themselves. R is the role: \`Root\`, \`Timestamp\`, \`Snapshot\`, \`Targets\`, or a delegated role’s own name. The result code goes to the server in the installation report, the exit code is that of \`aktualizr\`; \`tuf-client\` ends with 1 and \`uptane-client\` with 3 whatever the code. The sentence beside a code names the file and its repository.

| code | the check that failed | attack | result code | exit code | what a person can do |
|---|---|---|---|---|---|
${codes.map(row).join('\n')}

A few refusals point to another attack than their code does by itself, and say so: a Root below the expected version is a rollback; a delegated role that expired ends as \`TargetMismatch\`, freeze, and a search without end as endless data; an image that stops arriving is \`UndersizedTarget\`, slow retrieval, in \`uptane-client\`. A repository that cannot be reached at all is no refusal: nothing is reported, \`aktualizr\` ends with ${EXIT_CODES.serverUnreachable} and asks again later. A transfer below the speed limit is told as slow retrieval. Fast-forward has no check of its own: versions that ran ahead show themselves as \`Rollback\` when honest ones follow, until a Root withdraws the keys that did it.
`;
}

if (process.argv.includes('--write')) {
  writeFileSync(PAGE, page());
} else if (!existsSync(PAGE) || readFileSync(PAGE, 'utf8') !== page()) {
  console.log(`${PAGE} is not up to date: node scripts/docs-errors.ts --write`);
  process.exitCode = 1;
}
