// The user API lives below this path of the API address; `/health` beside it, without a token. What is in a list stands
// below it by its id; DELETE there removes a device (`/devices/UUID`) and revokes credentials
// (`/provisioning/credentials/ID`), answered 204.

export const USER_API = {
  base: '/api/v3',
  health: '/health',
  session: '/session',
  devices: '/devices',
  groups: '/groups',
  software: '/software',
  updates: '/updates',
  campaigns: '/campaigns',
  credentials: '/provisioning/credentials',
} as const;
