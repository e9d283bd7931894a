// The installation log and the results that await their upload, in the original's forms: hashes as
// `sha256:HEX;sha512:HEX` in upper case, custom metadata as JSON text, result codes as `"OK":0`. client-protocol 10.1.
import { canonicalText } from '@ota-connect/uptane';
import type { EcuSerial, Hashes, JsonObject } from '@ota-connect/uptane';

import type {
  DeviceInstallationResult,
  InstallationResult,
  InstallationStore,
  InstalledVersion,
} from '../../ports.ts';
import { numberOf, textOf } from './database.ts';
import type { Connection, Row } from './database.ts';
import { readResultCode, storedResultCode } from './result-code.ts';

export function installationStore(db: Connection): InstallationStore {
  return {
    current: (ecu) =>
      versionOf(
        db.get(
          'SELECT * FROM installed_versions WHERE ecu_serial = ? AND is_current = 1 ORDER BY id DESC LIMIT 1',
          ecu,
        ),
      ),
    pending: (ecu) =>
      versionOf(
        db.get(
          'SELECT * FROM installed_versions WHERE ecu_serial = ? AND is_pending = 1 ORDER BY id DESC LIMIT 1',
          ecu,
        ),
      ),
    save: (version, state) => db.transaction(() => saveVersion(db, version, state)),
    log: (ecu) =>
      db
        .all('SELECT * FROM installed_versions WHERE ecu_serial = ? AND was_installed = 1 ORDER BY id', ecu)
        .flatMap((row) => versionOf(row) ?? []),
    results: () => ({ device: deviceResult(db), ecus: ecuResults(db) }),
    saveEcuResult: (ecu, result) =>
      db.run(
        'INSERT OR REPLACE INTO ecu_installation_results VALUES(?, ?, ?, ?)',
        ecu,
        result.success ? 1 : 0,
        storedResultCode(result.code),
        result.description,
      ),
    saveDeviceResult: (result) =>
      db.run(
        'INSERT OR REPLACE INTO device_installation_result VALUES(0, ?, ?, ?, ?, ?)',
        result.success ? 1 : 0,
        storedResultCode(result.code),
        result.description,
        result.rawReport,
        result.correlationId,
      ),
    clearResults: () =>
      db.transaction(() => {
        db.run('DELETE FROM device_installation_result');
        db.run('DELETE FROM ecu_installation_results');
      }),
  };
}

function saveVersion(
  db: Connection,
  version: InstalledVersion,
  state: 'installing' | 'current' | 'pending',
): void {
  const sha256 = version.hashes.sha256?.toLowerCase() ?? '';
  const newest = db.get(
    'SELECT * FROM installed_versions WHERE ecu_serial = ? ORDER BY id DESC LIMIT 1',
    version.ecuSerial,
  );
  db.run('UPDATE installed_versions SET is_pending = 0 WHERE ecu_serial = ?', version.ecuSerial);
  if (state === 'current')
    db.run('UPDATE installed_versions SET is_current = 0 WHERE ecu_serial = ?', version.ecuSerial);
  const isPending = state === 'pending' ? 1 : 0;
  const custom = canonicalText(version.customMeta);
  if (newest !== undefined && isSameImage(newest, version)) {
    // The same bytes again: what is current stays so while they are installed once more.
    const isCurrent = state === 'current' ? 1 : numberOf(newest, 'is_current');
    const wasInstalled = state === 'current' ? 1 : numberOf(newest, 'was_installed');
    const sql =
      'UPDATE installed_versions SET hashes = ?, length = ?, correlation_id = ?, is_current = ?, is_pending = ?, was_installed = ?, custom_meta = ? WHERE id = ?';
    const { lengthBytes, correlationId } = version;
    db.run(
      sql,
      storedHashes(version),
      lengthBytes,
      correlationId,
      isCurrent,
      isPending,
      wasInstalled,
      custom,
      numberOf(newest, 'id'),
    );
    return;
  }
  const isCurrent = state === 'current' ? 1 : 0;
  const sql =
    'INSERT INTO installed_versions(ecu_serial, sha256, name, hashes, length, correlation_id, is_current, is_pending, was_installed, custom_meta) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';
  const { ecuSerial, name, lengthBytes, correlationId } = version;
  db.run(
    sql,
    ecuSerial,
    sha256,
    name,
    storedHashes(version),
    lengthBytes,
    correlationId,
    isCurrent,
    isPending,
    isCurrent,
    custom,
  );
}

/** A version without its SHA-256 is known by the hashes that were listed: what was found of it before stays. */
function isSameImage(row: Row, version: InstalledVersion): boolean {
  if (textOf(row, 'name') !== version.name) return false;
  const sha256 = version.hashes.sha256?.toLowerCase();
  return sha256 === undefined
    ? textOf(row, 'hashes') === storedHashes(version)
    : textOf(row, 'sha256') === sha256;
}

function versionOf(row: Row | undefined): InstalledVersion | undefined {
  if (row === undefined) return undefined;
  const sha256 = textOf(row, 'sha256');
  const listed = readHashes(textOf(row, 'hashes') ?? '');
  const isFound = listed.sha256 === undefined && sha256 !== undefined && sha256 !== '';
  return {
    // The column is NOT NULL and was a serial when it was written.
    ecuSerial: (textOf(row, 'ecu_serial') ?? '') as EcuSerial,
    name: textOf(row, 'name') ?? '',
    lengthBytes: numberOf(row, 'length'),
    hashes: isFound ? { ...listed, sha256 } : listed,
    ...(isFound && listed.sha512 !== undefined ? { ownSha256: true } : {}),
    correlationId: textOf(row, 'correlation_id') ?? '',
    customMeta: readCustom(textOf(row, 'custom_meta') ?? ''),
  };
}

/** Those that were listed; the SHA-256 that was found has its own column. */
function storedHashes({ hashes, ownSha256 }: InstalledVersion): string {
  const parts: string[] = [];
  if (hashes.sha256 !== undefined && ownSha256 !== true) parts.push(`sha256:${hashes.sha256.toUpperCase()}`);
  if (hashes.sha512 !== undefined) parts.push(`sha512:${hashes.sha512.toUpperCase()}`);
  return parts.join(';');
}

function readHashes(stored: string): Hashes {
  const found = new Map(
    stored.split(';').map((part): [string, string] => [part.slice(0, 6), part.slice(7).toLowerCase()]),
  );
  const [sha256, sha512] = [found.get('sha256'), found.get('sha512')];
  return { ...(sha256 ? { sha256 } : {}), ...(sha512 ? { sha512 } : {}) };
}

/** What an older client left may be empty or no JSON; only information about the image is lost then. */
function readCustom(stored: string): JsonObject {
  try {
    const value: unknown = stored === '' ? {} : JSON.parse(stored);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
  } catch (cause) {
    if (cause instanceof SyntaxError) return {};
    throw cause;
  }
}

function resultOf(row: Row): InstallationResult {
  return {
    success: numberOf(row, 'success') === 1,
    code: readResultCode(textOf(row, 'result_code') ?? ''),
    description: textOf(row, 'description') ?? '',
  };
}

function deviceResult(db: Connection): DeviceInstallationResult | undefined {
  const row = db.get('SELECT * FROM device_installation_result');
  if (row === undefined) return undefined;
  return {
    ...resultOf(row),
    rawReport: textOf(row, 'raw_report') ?? '',
    correlationId: textOf(row, 'correlation_id') ?? '',
  };
}

function ecuResults(db: Connection): ReadonlyMap<EcuSerial, InstallationResult> {
  const rows = db.all('SELECT * FROM ecu_installation_results ORDER BY rowid');
  return new Map(rows.map((row) => [(textOf(row, 'ecu_serial') ?? '') as EcuSerial, resultOf(row)]));
}
