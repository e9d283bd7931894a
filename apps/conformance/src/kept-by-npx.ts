// `npx --no NAME --option value …` takes the options for its own: the command gets the bare values, in their order, and
// the names in the environment. Both together are the line as it was written. After `npx --no -- NAME` nothing is amiss.

/** `names` in the order in which values are given that are no addresses. The arguments as they are, where nothing is missing. */
export function restoreOptions(
  args: readonly string[],
  names: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  if (env['npm_command'] !== 'exec' || args.some((arg) => arg.startsWith('--'))) return args;
  // One entry for each time that an option was given: `true` where its value was cut off, else the value.
  const given = names.flatMap((name) =>
    (env[`npm_config_${name.replaceAll('-', '_')}`]?.split('\n\n') ?? []).map((value) => ({ name, value })),
  );
  const missing = given.filter(({ value }) => value === 'true').length;
  if (given.length === 0 || missing > args.length) return args;
  const values = args.slice(0, missing);
  const addresses = values.filter((value) => /^https?:\/\//.test(value));
  const others = values.filter((value) => !addresses.includes(value));
  const restored = given.flatMap(({ name, value }) => {
    const next = value === 'true' ? (name.endsWith('-url') ? addresses : others).shift() : value;
    return next === undefined ? [] : [`--${name}`, next];
  });
  return [...restored, ...args.slice(missing)];
}
