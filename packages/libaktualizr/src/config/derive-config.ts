// What the original fills in after reading: the gateway from its file or from the credentials archive, every URL that
// follows from it by plain concatenation, and the provisioning mode. client-protocol 1.1.
import { readFileSync } from 'node:fs';

import { CodedError } from '@ota-connect/uptane';

import { ConfigError } from '../errors.ts';
import type { Config } from './config.ts';

export type Derived = {
  readonly config: Config;
  /** Why there is no gateway. A device cannot work so, yet aktualizr-info can. */
  readonly problem: CodedError | undefined;
};

export async function deriveConfig(config: Config): Promise<Derived> {
  const { gateway, problem } = await findGateway(config);
  const director = config.uptane.directorServer || joined(gateway, '/director');
  const byPath = config.provision.provisionPath === '' ? 'DeviceCred' : 'SharedCred';
  return {
    problem,
    config: {
      ...config,
      tls: { ...config.tls, server: gateway },
      provision: {
        ...config.provision,
        server: config.provision.server || gateway,
        ecuRegistrationEndpoint: config.provision.ecuRegistrationEndpoint || joined(director, '/ecus'),
        mode: config.provision.mode === 'Default' ? byPath : config.provision.mode,
      },
      uptane: {
        ...config.uptane,
        directorServer: director,
        repoServer: config.uptane.repoServer || joined(gateway, '/repo'),
      },
      pacman: { ...config.pacman, ostreeServer: config.pacman.ostreeServer || joined(gateway, '/treehub') },
    },
  };
}

function joined(base: string, path: string): string {
  return base === '' ? '' : base + path;
}

type Gateway = { readonly gateway: string; readonly problem: CodedError | undefined };

async function findGateway({ tls, provision }: Config): Promise<Gateway> {
  if (tls.server !== '') return { gateway: tls.server, problem: undefined };
  try {
    if (tls.serverUrlPath !== '') return { gateway: readUrlFile(tls.serverUrlPath), problem: undefined };
    if (provision.provisionPath !== '') {
      const { readCredentialsArchive } = await import('../provisioning/credentials-archive.ts');
      return { gateway: readCredentialsArchive(provision.provisionPath).gatewayUrl, problem: undefined };
    }
  } catch (cause) {
    if (cause instanceof CodedError) return { gateway: '', problem: cause };
    throw cause;
  }
  const message =
    'The configuration names no server: set tls.server, tls.server_url_path or provision.provision_path.';
  return { gateway: '', problem: new ConfigError('bad_value', message) };
}

function readUrlFile(file: string): string {
  const details = { file };
  let url: string;
  try {
    url = readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new ConfigError('missing_file', `tls.server_url_path names ${file}, which cannot be read.`, {
      cause,
      details,
    });
  }
  if (url === '')
    throw new ConfigError('bad_value', `${file}, named by tls.server_url_path, holds no URL.`, { details });
  return url;
}
