// The mutual-TLS listener for devices.
export { createGateway, type DeviceRoutes } from './gateway.ts';
