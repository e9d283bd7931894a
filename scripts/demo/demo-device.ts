// The device of the story: a folder with the configuration that a real device would carry in /etc/sota/conf.d.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export const DEVICE_ID = 'demo-vehicle';
export const HARDWARE_ID = 'demo-board';

export type DemoDevice = {
  readonly configDir: string;
  readonly credentialsFile: string;
  readonly imagesDir: string;
  /** The client has made its storage, so this device has been used before. */
  isProvisioned(): boolean;
};

/** Writes the configuration; what the device has stored stays. */
export function prepareDevice(folder: string): DemoDevice {
  const configDir = path.join(folder, 'conf.d');
  const storageDir = path.join(folder, 'storage');
  const imagesDir = path.join(folder, 'images');
  const credentialsFile = path.join(folder, 'credentials.zip');
  mkdirSync(configDir, { recursive: true, mode: 0o700 });
  const absolute = (part: string): string => JSON.stringify(path.resolve(part));
  writeFileSync(
    path.join(configDir, '20-demo.toml'),
    `[provision]
provision_path = ${absolute(credentialsFile)}
device_id = "${DEVICE_ID}"
primary_ecu_serial = "demo-primary"
primary_ecu_hardware_id = "${HARDWARE_ID}"

[storage]
path = ${absolute(storageDir)}

[pacman]
type = "none"
images_path = ${absolute(imagesDir)}

[import]
base_path = ${absolute(path.join(folder, 'import'))}

[bootloader]
reboot_sentinel_dir = ${absolute(path.join(folder, 'session'))}

[telemetry]
report_network = true
report_config = true
`,
  );
  return {
    configDir,
    credentialsFile,
    imagesDir,
    isProvisioned: () => existsSync(path.join(storageDir, 'sql.db')),
  };
}
