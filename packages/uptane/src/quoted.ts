// Text from outside as an error may quote it: short, of one line, and nothing that a terminal or a log would act on. It is
// made harmless where the error is made, so that whoever shows an error has nothing to think of.

/** What is not to be seen: control and format characters, ends of lines and of paragraphs, halves of surrogate pairs. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** At most `max` UTF-16 units of it, well-formed; each that is not to be seen is a `?`. */
export function quoted(text: string, max: number): string {
  return text.slice(0, max).replaceAll(UNSEEN, '?');
}
