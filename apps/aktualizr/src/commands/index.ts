// Which command runs for which mode.
import type { RunMode } from '../arguments.ts';
import { campaignAccept, campaignDecline, campaignPostpone } from './campaign-control.ts';
import { campaignCheck } from './campaign-check.ts';
import { check } from './check.ts';
import type { Command } from './context.ts';
import { download } from './download.ts';
import { full } from './full.ts';
import { install } from './install.ts';
import { once } from './once.ts';

export const COMMANDS: { readonly [mode in RunMode]: Command } = {
  full,
  once,
  check,
  download,
  install,
  campaign_check: campaignCheck,
  campaign_accept: campaignAccept,
  campaign_decline: campaignDecline,
  campaign_postpone: campaignPostpone,
};
