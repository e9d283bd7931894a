// All commands of `ota`, in the order of --help.
import { Command } from 'commander';
import { addNoun } from './command.ts';
import { addCampaignCancel } from './commands/campaign-cancel.ts';
import { addCampaignCreate } from './commands/campaign-create.ts';
import { addCampaignDevices } from './commands/campaign-devices.ts';
import { addCampaignLaunch } from './commands/campaign-launch.ts';
import { addCampaignList } from './commands/campaign-list.ts';
import { addCampaignShow } from './commands/campaign-show.ts';
import { addCampaignStats } from './commands/campaign-stats.ts';
import { addCredentialsCreate } from './commands/credentials-create.ts';
import { addCredentialsList } from './commands/credentials-list.ts';
import { addCredentialsRevoke } from './commands/credentials-revoke.ts';
import { addDeviceDelete } from './commands/device-delete.ts';
import { addDeviceEvents } from './commands/device-events.ts';
import { addDeviceList } from './commands/device-list.ts';
import { addDeviceReports } from './commands/device-reports.ts';
import { addDeviceShow } from './commands/device-show.ts';
import { addDeviceUpdates } from './commands/device-updates.ts';
import { addGroupAdd } from './commands/group-add.ts';
import { addGroupCreate } from './commands/group-create.ts';
import { addGroupList } from './commands/group-list.ts';
import { addGroupRemove } from './commands/group-remove.ts';
import { addGroupShow } from './commands/group-show.ts';
import { addLogin } from './commands/login.ts';
import { addLogout } from './commands/logout.ts';
import { addSession } from './commands/session.ts';
import { addSoftwareList } from './commands/software-list.ts';
import { addSoftwareShow } from './commands/software-show.ts';
import { addSoftwareUpload } from './commands/software-upload.ts';
import { addUpdateCreate } from './commands/update-create.ts';
import { addUpdateList } from './commands/update-list.ts';
import { addUpdateShow } from './commands/update-show.ts';
import { EXIT_CODES_HELP } from './exit-codes.ts';

const INTRODUCTION = `The operator's command line for OTA Connect: devices, software, updates and campaigns.

Where an id is asked, a name that only one thing has is as good.
OTA_URL and OTA_TOKEN go before what \`ota login\` stored.`;

export function createProgram(version: string): Command {
  const program = new Command('ota')
    .description(INTRODUCTION)
    .version(version)
    .helpCommand(false)
    // `--version` after a command is that command's own option.
    .enablePositionalOptions()
    .addHelpText('after', `\nExample:\n  ota device list --json\n\n${EXIT_CODES_HELP}`);
  addLogin(program);
  addLogout(program);
  addSession(program);
  addDeviceCommands(program);
  addSoftwareCommands(program);
  addGroupCommands(program);
  addUpdateCommands(program);
  addCampaignCommands(program);
  addCredentialsCommands(program);
  return program;
}

function addDeviceCommands(program: Command): void {
  const device = addNoun(program, 'device', 'Devices and what they report', 'ota device show car-1');
  addDeviceList(device);
  addDeviceShow(device);
  addDeviceEvents(device);
  addDeviceUpdates(device);
  addDeviceReports(device);
  addDeviceDelete(device);
}

function addSoftwareCommands(program: Command): void {
  const example = 'ota software upload app-2.bin --hardware-ids gateway';
  const software = addNoun(program, 'software', 'Files that devices can install', example);
  addSoftwareList(software);
  addSoftwareShow(software);
  addSoftwareUpload(software);
}

function addGroupCommands(program: Command): void {
  const group = addNoun(
    program,
    'group',
    'Groups of devices',
    'ota group create --name fleet --device car-1',
  );
  addGroupList(group);
  addGroupShow(group);
  addGroupCreate(group);
  addGroupAdd(group);
  addGroupRemove(group);
}

function addUpdateCommands(program: Command): void {
  const example = 'ota update create --name app-2 --target gateway=app-2.bin';
  const update = addNoun(program, 'update', 'What shall be installed on which hardware', example);
  addUpdateList(update);
  addUpdateShow(update);
  addUpdateCreate(update);
}

function addCampaignCommands(program: Command): void {
  const example = 'ota campaign create --name spring --update app-2 --group fleet';
  const campaign = addNoun(program, 'campaign', 'Updates on their way to groups of devices', example);
  addCampaignList(campaign);
  addCampaignShow(campaign);
  addCampaignCreate(campaign);
  addCampaignLaunch(campaign);
  addCampaignCancel(campaign);
  addCampaignStats(campaign);
  addCampaignDevices(campaign);
}

function addCredentialsCommands(program: Command): void {
  const example = 'ota credentials create --output credentials.zip';
  const credentials = addNoun(
    program,
    'credentials',
    'Shared credentials that new devices start with',
    example,
  );
  addCredentialsCreate(credentials);
  addCredentialsList(credentials);
  addCredentialsRevoke(credentials);
}
