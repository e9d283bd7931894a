// The mutual-TLS listener for devices.
export { createGateway } from './gateway.ts';
