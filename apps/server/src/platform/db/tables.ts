// All tables of the server as one type. Each module owns the tables it lists; nobody else writes SQL about them.
import type { CampaignsTables } from '../../modules/campaigns/index.ts';
import type { DeviceRegistryTables } from '../../modules/device-registry/index.ts';
import type { DirectorTables } from '../../modules/director/index.ts';
import type { ImageRepoTables } from '../../modules/image-repo/index.ts';
import type { KeyserverTables } from '../../modules/keyserver/index.ts';
import type { PkiTables } from '../../modules/pki/index.ts';
import type { UsersTables } from '../../modules/users/index.ts';
import type { PlatformTables } from './platform-tables.ts';

export type Tables = PlatformTables &
  UsersTables &
  PkiTables &
  KeyserverTables &
  ImageRepoTables &
  DirectorTables &
  DeviceRegistryTables &
  CampaignsTables;
