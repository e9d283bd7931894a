// What a Primary would hand to a Secondary, straight from the simulated repositories, verified by nobody.
import {
  parseTargetName,
  type MetadataFile,
  type VehicleEcu,
  type VerifiedTarget,
} from '@ota-connect/uptane';
import type { RepositorySimulator } from './repository-simulator.ts';

const ROLES = ['timestamp', 'snapshot', 'targets'] as const;

/** The newest Root and the roles of the Director and, for full verification, of the Image repository. */
export function filesOf(
  simulator: RepositorySimulator,
  verification: 'full' | 'partial' = 'full',
): readonly MetadataFile[] {
  const names = verification === 'full' ? (['director', 'image'] as const) : (['director'] as const);
  return names.flatMap((repository) => {
    const { files, overrides, roles } = simulator.repository(repository);
    const version = roles.root.version;
    const root = files.get(`${version}.root.json`);
    return [
      ...(root === undefined ? [] : [{ repository, role: 'root', version, bytes: root } as const]),
      ...ROLES.flatMap((role) => {
        const bytes = files.get(`${role}.json`);
        const isServed = bytes !== undefined && overrides.get(`${role}.json`) !== 'absent';
        return isServed ? [{ repository, role, bytes } as const] : [];
      }),
    ];
  });
}

/** A target of the Director, as verified. */
export function targetOf(
  simulator: RepositorySimulator,
  name: string,
  { serial, hardwareId }: Pick<VehicleEcu, 'serial' | 'hardwareId'>,
): VerifiedTarget {
  const { lengthBytes = 0, hashes = {} } = simulator.director.targets.get(name) ?? {};
  return {
    name: parseTargetName(name),
    lengthBytes,
    hashes,
    ecus: new Map([[serial, hardwareId]]),
    custom: {},
  };
}
