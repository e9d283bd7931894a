// What an installation needs besides the package manager, from the configuration: each is loaded only when it is configured.
import type { Config } from '../config/config.ts';
import type { AktualizrPorts } from '../aktualizr-context.ts';
import type { Health } from '../installing-ports.ts';
import { createRebootSentinel } from '../adapters/reboot/reboot-sentinel.ts';
import type { Log } from '../steps/context.ts';
import { join } from 'node:path';

type InstallingPorts = Pick<
  AktualizrPorts,
  'bootloader' | 'sentinel' | 'health' | 'graceMs' | 'hooks' | 'updateLock'
>;

export async function createInstalling(config: Config, log: Log): Promise<InstallingPorts> {
  const { rebootSentinelDir, rebootSentinelName, rebootCommand } = config.bootloader;
  const { program, timeoutSec } = config.hooks;
  const { updateLockFile } = config.uptane;
  const health = await createHealth(config);
  return {
    sentinel: createRebootSentinel({
      directory: rebootSentinelDir,
      name: rebootSentinelName,
      command: rebootCommand,
      isSimulated: config.pacman.type === 'none' && config.pacman.fakeNeedReboot,
      log,
    }),
    ...(await createBootloader(config, log)),
    ...(health === undefined ? {} : { health }),
    graceMs: config.health.graceSec * 1000,
    ...(program === ''
      ? {}
      : {
          hooks: (await import('../adapters/hooks/hook-program.ts')).createHooks({
            program,
            timeoutMs: timeoutSec * 1000,
            currentTargetFile: join(config.storage.path, 'current-target'),
            log,
          }),
        }),
    ...(updateLockFile === ''
      ? {}
      : {
          updateLock: (await import('../adapters/lock/update-lock.ts')).createUpdateLock(updateLockFile, log),
        }),
  };
}

async function createBootloader(config: Config, log: Log): Promise<Pick<InstallingPorts, 'bootloader'>> {
  const { rollbackMode } = config.bootloader;
  if (rollbackMode !== 'none')
    return { bootloader: (await import('../adapters/bootloader/u-boot.ts')).createUBoot(rollbackMode, log) };
  if (config.pacman.type !== 'rauc') return {};
  const { createRaucBootloader } = await import('../adapters/package-managers/rauc-bootloader.ts');
  return { bootloader: createRaucBootloader(config, log) };
}

async function createHealth({ health }: Config): Promise<Health | undefined> {
  const { command, systemdTarget, timeoutSec } = health;
  if (command === '' && systemdTarget === '') return undefined;
  const { bothHealthy, commandHealth, systemdHealth } = await import('../adapters/health/health-check.ts');
  const ownCheck = command === '' ? undefined : commandHealth(command, timeoutSec * 1000);
  const unit = systemdTarget === '' ? undefined : systemdHealth(systemdTarget, timeoutSec * 1000);
  return ownCheck !== undefined && unit !== undefined ? bothHealthy(unit, ownCheck) : (ownCheck ?? unit);
}
