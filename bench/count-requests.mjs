// Loaded with --import: counts the HTTPS requests of a process and writes the number when it exits.
import { writeFileSync } from 'node:fs';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';

const request = https.request;
let requests = 0;
https.request = (...args) => {
  requests += 1;
  return request(...args);
};
syncBuiltinESMExports();
process.on('exit', () => writeFileSync(process.env.BENCH_REQUESTS_FILE, String(requests)));
