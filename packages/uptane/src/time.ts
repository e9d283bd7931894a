// Instants in UTC seconds and their only text form, `YYYY-MM-DDTHH:MM:SSZ`. There is no clock here: whoever
// verifies is told what time it is. Source: Uptane Standard #common_metadata_structures (expiration date and time)
import { CodedError } from './errors.ts';

declare const instantBrand: unique symbol;
/** Whole seconds since 1970-01-01T00:00:00Z. */
export type Instant = number & { readonly [instantBrand]: true };

const FORM = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})Z$/;
const SECONDS_A_DAY = 86_400;
const FIRST_SECOND = -62_167_219_200; // 0000-01-01T00:00:00Z
const LAST_SECOND = 253_402_300_799; // 9999-12-31T23:59:59Z, the last one the form can write

export function instantFromMs(ms: number): Instant {
  return checkedInstant(Math.floor(ms / 1000));
}

/** What any clock says, as near as the form can write it. */
export function instantOfClock(ms: number): Instant {
  const seconds = Number.isNaN(ms) ? 0 : Math.floor(ms / 1000);
  return Math.min(Math.max(seconds, FIRST_SECOND), LAST_SECOND) as Instant;
}

/** Exactly 20 characters, a day that exists, no leap second, no zone but Z. @throws CodedError TimeError */
export function parseInstant(text: string): Instant {
  const match = FORM.exec(text);
  if (match === null) throw refuse(text);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const valid = month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
  if (!valid || hour > 23 || minute > 59 || second > 59) throw refuse(text);
  const days = daysSinceEpoch(year, month, day);
  return (days * SECONDS_A_DAY + hour * 3600 + minute * 60 + second) as Instant;
}

export function formatInstant(instant: Instant): string {
  const days = Math.floor(instant / SECONDS_A_DAY);
  const seconds = instant - days * SECONDS_A_DAY;
  const { year, month, day } = civilFromDays(days);
  const date = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
  const time = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map((n) =>
    pad(n, 2),
  );
  return `${date}T${time.join(':')}Z`;
}

export function addSeconds(instant: Instant, seconds: number): Instant {
  return checkedInstant(instant + seconds);
}

function checkedInstant(seconds: number): Instant {
  if (!Number.isSafeInteger(seconds) || seconds > LAST_SECOND || seconds < FIRST_SECOND)
    throw refuse(String(seconds));
  return seconds as Instant;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

// Proleptic Gregorian calendar; a year is counted from March so that the leap day comes last.
function daysSinceEpoch(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const monthFromMarch = (month + 9) % 12;
  const dayOfYear = Math.floor((153 * monthFromMarch + 2) / 5) + day - 1;
  return y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468;
}

function civilFromDays(days: number): { year: number; month: number; day: number } {
  let year = Math.floor((days + 719_468) / 365.2425);
  while (daysSinceEpoch(year + 1, 1, 1) <= days) year += 1;
  while (daysSinceEpoch(year, 1, 1) > days) year -= 1;
  let month = 1;
  while (month < 12 && daysSinceEpoch(year, month + 1, 1) <= days) month += 1;
  return { year, month, day: days - daysSinceEpoch(year, month, 1) + 1 };
}

function refuse(text: string): CodedError {
  return new CodedError(
    'TimeError',
    'invalid_time',
    `"${text.slice(0, 40)}" is not a time of the form YYYY-MM-DDTHH:MM:SSZ.`,
  );
}
