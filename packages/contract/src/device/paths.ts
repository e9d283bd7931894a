// Where a device finds what, below the gateway. URLs are built by plain concatenation, as deployed configurations expect.
// Source: client-protocol 1.1, 3.1 to 3.10; server-protocol 2.1

export const DEVICE_PATHS = {
  devices: '/devices',
  /** Ours: a device renews its certificate, see certificate-renewal.ts. */
  ownCertificate: '/devices/me/certificate',
  director: '/director',
  repo: '/repo',
  treehub: '/treehub',
  ecus: '/director/ecus',
  manifest: '/director/manifest',
  time: '/director/time',
  targets: '/repo/targets',
  events: '/events',
  systemInfo: '/system_info',
  networkInfo: '/system_info/network',
  configuration: '/system_info/config',
  installedPackages: '/core/installed',
  campaigns: '/campaigner/campaigns',
} as const;

/** A target's name as the last part of its URL: slashes stay, everything unusual becomes upper-case %XX. */
export function encodeTargetName(name: string): string {
  let encoded = '';
  for (const byte of new TextEncoder().encode(name)) {
    const character = String.fromCharCode(byte);
    encoded += /[A-Za-z0-9\-._~/]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}
