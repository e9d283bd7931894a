// Who may use the user API.
export { migrations, type UsersTables } from './store.ts';
export { ensureOperatorToken, findUser, operatorTokenFile } from './tokens.ts';
export { userRoutes } from './user-routes.ts';
