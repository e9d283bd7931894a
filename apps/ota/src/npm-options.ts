// `npx --no ota --json device list` reaches us without `--json`: npm takes every option before the first word for its own
// and tells of it only in the environment.

export function npmTookJson(): boolean {
  return process.env['npm_lifecycle_event'] === 'npx' && process.env['npm_config_json'] === 'true';
}
