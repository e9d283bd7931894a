// `once`: device data, then one whole update cycle, each stage told as soon as it is over. client-features RUN-02.
import type { AktualizrEvent } from '@ota-connect/libaktualizr';
import type { Output } from '../output.ts';
import { tellCheck, tellCycle, tellDownload, tellInstall } from './tell.ts';
import type { Command } from './context.ts';

export const once: Command = async ({ aktualizr, output, signal }) => {
  const told = new Set<object>();
  const unsubscribe = aktualizr.subscribe((event) => {
    if (tellStage(output, event) && 'result' in event) told.add(event.result);
  });
  try {
    // A version on probation may have no network, which is then why it has to go.
    await aktualizr.settleInstallation({ signal });
    await aktualizr.sendDeviceData({ signal });
    return tellCycle(output, await aktualizr.uptaneCycle({ signal }), told);
  } finally {
    unsubscribe();
  }
};

/** Answers whether that was the result of a stage. */
function tellStage(output: Output, event: AktualizrEvent): boolean {
  if (!('result' in event) || event.result.kind === 'error') return false;
  if (event.kind === 'UpdateCheckComplete' && event.result.kind === 'updates')
    tellCheck(output, event.result);
  else if (event.kind === 'AllDownloadsComplete') tellDownload(output, event.result);
  else if (event.kind === 'AllInstallsComplete') tellInstall(output, event.result);
  else return false;
  return true;
}
