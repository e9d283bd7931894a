// What `ostree admin status` says: the deployments of a sysroot, the next boot's first. The lines with a commit are read,
// the rest is for people. `*` is the booted one. ostree-admin-status(1)

export type Deployment = {
  /** As `ostree admin undeploy` counts. */
  readonly index: number;
  readonly os: string;
  /** 64 hexadecimal digits. */
  readonly commit: string;
  readonly isBooted: boolean;
  /** Written out at shutdown only. */
  readonly isStaged: boolean;
};

const DEPLOYMENT = /^(.) (\S+) ([0-9a-f]{64})\.\d+(?: \(([a-z ,]+)\))?\s*$/;

export function parseStatus(text: string): readonly Deployment[] {
  return text
    .split('\n')
    .map((line) => DEPLOYMENT.exec(line))
    .filter((match) => match !== null)
    .map(([, mark, os = '', commit = '', notes = ''], index) => ({
      index,
      os,
      commit,
      isBooted: mark === '*',
      isStaged: notes.includes('staged'),
    }));
}

/** Of several operating systems in one sysroot, the booted one's, or the named one's. */
export function deploymentsOf(all: readonly Deployment[], os: string): readonly Deployment[] {
  const name = os === '' ? (all.find(({ isBooted }) => isBooted)?.os ?? all[0]?.os) : os;
  return all.filter((deployment) => deployment.os === name);
}
