// Which command runs for which word: each is carried out by this process or by the daemon, and answers the same.
import { campaignAccept, campaignDecline, campaignPostpone } from './campaign-control.ts';
import { campaignCheck } from './campaign-check.ts';
import { check } from './check.ts';
import type { Command } from './context.ts';
import { deviceData } from './device-data.ts';
import { download } from './download.ts';
import { install } from './install.ts';
import { manifest } from './manifest.ts';
import { offline } from './offline.ts';
import { once } from './once.ts';

export const COMMANDS = {
  once,
  check,
  download,
  install,
  campaign_check: campaignCheck,
  campaign_accept: campaignAccept,
  campaign_decline: campaignDecline,
  campaign_postpone: campaignPostpone,
  device_data: deviceData,
  manifest,
  offline,
} as const satisfies { readonly [name: string]: Command };

export type CommandName = keyof typeof COMMANDS;
