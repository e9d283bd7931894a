import { MemoryMetadataStore } from './memory-metadata-store.ts';
import { metadataStoreContract } from './contracts/metadata-store.contract.ts';

metadataStoreContract(() => ({ store: new MemoryMetadataStore() }));
