// Ctrl-C, a closed terminal and `kill` as one AbortSignal; `name` says which it was.

export function stopSignal(): { readonly signal: AbortSignal; name(): NodeJS.Signals | undefined } {
  const controller = new AbortController();
  let received: NodeJS.Signals | undefined;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      received ??= name;
      controller.abort();
    });
  }
  return { signal: controller.signal, name: () => received };
}
