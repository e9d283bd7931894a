// The door of provisioning: prepareDevice at start (offline), provision before each operation.
export { prepareDevice } from './prepare-device.ts';
export type { PreparedDevice } from './prepare-device.ts';
export { provision } from './provision.ts';
export type { ProvisionDeps } from './provision.ts';
