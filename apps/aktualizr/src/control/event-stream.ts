// Server-sent events to one listener, in a bounded buffer. A listener that reads slowly loses progress reports first; one
// that does not read at all is let go. The daemon waits for nobody. WHATWG HTML "Server-sent events".
import type { ServerResponse } from 'node:http';

/** What one listener may leave unread. */
export const MAX_UNREAD_BYTES = 256 * 1024;
/** From here on what will soon be said anew is left out. */
const BUSY_BYTES = 32 * 1024;

export type EventStream = {
  /** `data`: one line of JSON. */
  send(event: string, data: string): void;
  end(): void;
};

export function openEventStream(response: ServerResponse): EventStream {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.flushHeaders();
  return {
    send(event, data) {
      if (response.destroyed || response.writableEnded) return;
      const unread = response.writableLength;
      if (event === 'DownloadProgressReport' && unread > BUSY_BYTES) return;
      if (unread + data.length > MAX_UNREAD_BYTES) response.destroy();
      else response.write(`event: ${event}\ndata: ${data}\n\n`);
    },
    end: () => {
      response.end();
    },
  };
}
