// The user API lives below this path of the API address; `/health` beside it, without a token.

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
