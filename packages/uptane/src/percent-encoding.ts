// A name from outside as one segment of a path or one name of a file: it never leaves its folder.
// Source: RFC 3986 section 2.3

/** Everything but letters, digits and `-._~` is encoded. @throws URIError for half a surrogate pair */
export function percentEncoded(name: string): string {
  return encodeURIComponent(name).replaceAll(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
