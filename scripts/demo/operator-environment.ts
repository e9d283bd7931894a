// Which sign-in the `ota` commands of the story use: the operator's own, so that commands typed by hand find it; but a
// sign-in to another server is not replaced by a demo, then they use one of their own beside the data.
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

export function operatorEnvironment(dataDir: string, apiUrl: string): NodeJS.ProcessEnv {
  const { OTA_URL: _url, OTA_TOKEN: _token, ...env } = process.env;
  const file = path.join(env['XDG_CONFIG_HOME'] || path.join(homedir(), '.config'), 'ota', 'config.json');
  if (!existsSync(file) || readFileSync(file, 'utf8').includes(JSON.stringify(apiUrl))) return env;
  const config = path.resolve(dataDir, 'demo-operator');
  console.log(`You are signed in to another server (${file}), which stays so. To type the commands of this
story yourself, first: export XDG_CONFIG_HOME=${config}`);
  return { ...env, XDG_CONFIG_HOME: config };
}
