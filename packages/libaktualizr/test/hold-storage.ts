// A process of its own for the tests of the storage lock: opens a storage, says so, writes until it is killed or told to
// end by the end of its input. Arguments: directory, pause between writes.
import { defaultConfig } from '../src/config/defaults.ts';
import { openStorage } from '../src/adapters/storage/sqlite-storage.ts';

const [directory = '', pauseMs = '1'] = process.argv.slice(2);
const storage = openStorage({ ...defaultConfig().storage, path: directory });
process.stdout.write('open\n');
let round = 0;
const timer = setInterval(
  () => storage.images.saveFileName(`image ${round % 50}`, String((round += 1))),
  Number(pauseMs),
);
process.stdin.on('end', () => {
  clearInterval(timer);
  storage.close();
});
process.stdin.resume();
