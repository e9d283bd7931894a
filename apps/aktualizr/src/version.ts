// The version that goes into `--version` and the User-Agent header: imported, so that a bundle carries it.
import manifest from '../package.json' with { type: 'json' };

export function readVersion(): string {
  return manifest.version;
}
