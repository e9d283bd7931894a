// The server as a library: for the start script, the demo and tests.
export { loadConfig, type Config, type ConfigOptions } from './config.ts';
export { operatorTokenFile } from './modules/users/index.ts';
export { startServer, type RunningServer } from './server.ts';
