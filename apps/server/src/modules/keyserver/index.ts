// Holds the repositories' keys and signs with them. Private keys leave this module only as signatures.
export { attestTime } from './attest-time.ts';
export { createRepository } from './create-repository.ts';
export { rootChain, rootVersion } from './root-chain.ts';
export { rotateRoot } from './rotate-root.ts';
export { sendRoot } from './send-root.ts';
export { signRole } from './sign-role.ts';
export { migrations, type KeyserverTables, type RepositoryRef, type SigningRole } from './store.ts';
