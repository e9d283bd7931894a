// Certificates: authorities, the gateway's own, shared provisioning credentials, device identities.
export { gatewayCredentials, type GatewayCredentials } from './authorities.ts';
export { findPeer } from './find-peer.ts';
export { provisioningRoutes } from './provisioning-routes.ts';
export { renewalRoutes } from './renewal-routes.ts';
export { migrations, type PkiTables } from './store.ts';
export { userRoutes } from './user-routes.ts';
