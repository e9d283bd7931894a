// The device of the story: a folder with the configuration that a real device would carry in /etc/sota/conf.d.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export const HARDWARE_ID = 'demo-board';

export type DemoDevice = {
  readonly id: string;
  readonly configDir: string;
  readonly credentialsFile: string;
  readonly imagesDir: string;
  /** The client has made its storage, so this device has been used before. */
  isProvisioned(): boolean;
  /** A new device with another id in the same folder; what the old one had stored goes. */
  reborn(): DemoDevice;
};

/** Writes the configuration; what the device has stored stays, its id too. */
export function prepareDevice(folder: string): DemoDevice {
  const configFile = path.join(folder, 'conf.d', '20-demo.toml');
  const written = existsSync(configFile) ? readFileSync(configFile, 'utf8') : '';
  return prepareDeviceAs(/^device_id = "([^"]+)"$/m.exec(written)?.[1] ?? 'demo-vehicle', folder);
}

function prepareDeviceAs(id: string, folder: string): DemoDevice {
  const configDir = path.join(folder, 'conf.d');
  const storageDir = path.join(folder, 'storage');
  const credentialsFile = path.join(folder, 'credentials.zip');
  const imagesDir = path.join(folder, 'images');
  mkdirSync(configDir, { recursive: true, mode: 0o700 });
  writeFileSync(path.join(configDir, '20-demo.toml'), configuration(id, folder));
  return {
    id,
    configDir,
    credentialsFile,
    imagesDir,
    isProvisioned: () => existsSync(path.join(storageDir, 'sql.db')),
    reborn: () => {
      for (const old of [storageDir, imagesDir, credentialsFile])
        rmSync(old, { recursive: true, force: true });
      const number = Number(/-(\d+)$/.exec(id)?.[1] ?? 1) + 1;
      return prepareDeviceAs(`${id.replace(/-\d+$/, '')}-${number}`, folder);
    },
  };
}

function configuration(id: string, folder: string): string {
  const inside = (...parts: string[]): string => JSON.stringify(path.resolve(folder, ...parts));
  return `[provision]
provision_path = ${inside('credentials.zip')}
device_id = "${id}"
primary_ecu_serial = "${id}-primary"
primary_ecu_hardware_id = "${HARDWARE_ID}"

[storage]
path = ${inside('storage')}

[pacman]
type = "none"
images_path = ${inside('images')}

[import]
base_path = ${inside('import')}

[bootloader]
reboot_sentinel_dir = ${inside('session')}

[telemetry]
report_network = true
report_config = true
`;
}
