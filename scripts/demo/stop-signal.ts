// Ctrl-C, a closed terminal, `kill` and the end of npm as one AbortSignal; `name` says which signal it was. Who ends npm
// ends its shell with it and not us, so we look whether our parent is still the same.

const LOOK_MS = 500;

export function stopSignal(): { readonly signal: AbortSignal; name(): NodeJS.Signals | undefined } {
  const controller = new AbortController();
  let received: NodeJS.Signals | undefined;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      received ??= name;
      controller.abort();
    });
  }
  // Nobody reads on: the server must still be stopped in order.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => controller.abort());
  if (process.env['npm_lifecycle_event'] !== undefined) {
    const parent = process.ppid;
    setInterval(() => {
      if (process.ppid !== parent) controller.abort();
    }, LOOK_MS).unref();
  }
  return { signal: controller.signal, name: () => received };
}
