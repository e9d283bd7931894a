// What JSON text becomes here: objects without a prototype, so that names like `__proto__` and `constructor` are
// plain data, and whole numbers only.

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export type JsonObject = { readonly [key: string]: JsonValue };

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An own member, or undefined. Never an inherited one, whatever object it is asked of. */
export function member(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** An object without a prototype from name and value pairs, in the given order. */
export function jsonObject(entries: Iterable<readonly [string, JsonValue | undefined]>): JsonObject {
  const object: Record<string, JsonValue> = Object.create(null);
  for (const [name, value] of entries) {
    if (value === undefined) continue;
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return object;
}

/** Takes the prototypes away that the native parser gave, in place. */
export function withoutPrototypes(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (const item of value) withoutPrototypes(item);
    return value;
  }
  const object = value as JsonObject;
  for (const name of Object.keys(object)) withoutPrototypes(object[name] ?? null);
  return Object.setPrototypeOf(object, null) as JsonObject;
}
