// The device gateway over HTTP: paths, bodies and statuses as the original sends and expects them.
// client-protocol 3.1, 3.2, 3.7 to 3.10.
import { canonicalText, DEFAULT_LIMITS, quoted, type JsonValue } from '@ota-connect/uptane';
import {
  CERTIFICATE_REQUEST_TYPE,
  DEVICE_PATHS,
  decodeCampaigns,
  encodeDeviceRegistration,
  encodeEcuRegistration,
  MalformedBodyError,
  type DeviceEvent,
  type DeviceRegistration,
  type EcuRegistration,
} from '@ota-connect/contract/device';
import type { DeviceDataKind, Gateway } from '../../ports.ts';
import { ProvisioningError, TransportError } from '../../errors.ts';
import type { HttpClient, HttpRequest, HttpResponse } from './client.ts';
import { retryAfterSeconds } from './retry-after.ts';

export type GatewayUrls = {
  /** tls.server, without a trailing path. */
  readonly gateway: string;
  readonly provisioning: string;
  readonly director: string;
  readonly ecuRegistration: string;
};

const MAX_REPLY_BYTES = 64 * 1024;
const MAX_CAMPAIGNS_BYTES = 1024 * 1024;
/** Events are sent between other things, which shall not wait long for them. */
const EVENTS_TIMEOUT_MS = 10_000;
const MAX_SAID = 200;
const JSON_TYPE = 'application/json';

/** `validDays`: provision.expiry_days, sent with the request for device credentials. */
export function createHttpGateway(http: HttpClient, urls: GatewayUrls, validDays: string): Gateway {
  return {
    registerDevice: (deviceId) =>
      registerDevice(http, urls.provisioning, { deviceId, ...validity(validDays) }),
    registerEcus: (registration) => registerEcus(http, urls.ecuRegistration, registration),
    renewCertificate: (request) =>
      renewCertificate(http, urls.gateway + DEVICE_PATHS.ownCertificate, request),
    async putManifest(manifest) {
      const url = `${urls.director}/manifest`;
      expectOk(await sendBody(http, { method: 'PUT', url, body: manifest }), url);
    },
    async attestedTime(nonce) {
      const url = `${urls.director}/time`;
      const maxBytes = DEFAULT_LIMITS.timeBytes;
      const request = { method: 'GET', url: `${url}?nonce=${nonce}`, maxBytes, isForTime: true } as const;
      const response = await http.request(request);
      if (response.status === 404) return 'absent';
      expectOk(response, url);
      return response.body;
    },
    async campaigns() {
      const url = urls.gateway + DEVICE_PATHS.campaigns;
      const response = await http.request({ method: 'GET', url, maxBytes: MAX_CAMPAIGNS_BYTES });
      expectOk(response, url);
      return readCampaigns(response, url);
    },
    postEvents: (events) => postEvents(http, urls.gateway + DEVICE_PATHS.events, events),
    async sendDeviceData(kind, body) {
      const { method, path } = DEVICE_DATA[kind];
      const url = urls.gateway + path;
      const type = typeof body === 'string' ? 'application/toml' : JSON_TYPE;
      const text = typeof body === 'string' ? body : canonicalText(body);
      expectOk(await sendBody(http, { method, url, body: text }, type), url);
    },
  };
}

function sendBody(
  http: HttpClient,
  request: Omit<HttpRequest, 'maxBytes' | 'headers'>,
  type: string = JSON_TYPE,
): Promise<HttpResponse> {
  return http.request({ ...request, headers: { 'Content-Type': type }, maxBytes: MAX_REPLY_BYTES });
}

/** Text in the original's configuration; what is no number leaves the choice to the server. */
function validity(days: string): { readonly validDays?: number } {
  return /^\d{1,9}$/.test(days) ? { validDays: Number(days) } : {};
}

async function registerDevice(
  http: HttpClient,
  server: string,
  registration: DeviceRegistration,
): Promise<Uint8Array> {
  const url = server + DEVICE_PATHS.devices;
  const body = canonicalText(encodeDeviceRegistration(registration));
  const response = await sendBody(http, { method: 'POST', url, body });
  if (!isOk(response)) throw refusedProvisioning(response, url, 'device_exists');
  expectNoPage(response, url);
  return response.body;
}

async function registerEcus(http: HttpClient, url: string, registration: EcuRegistration): Promise<void> {
  const body = canonicalText(asJson(encodeEcuRegistration(registration)));
  const response = await sendBody(http, { method: 'POST', url, body });
  if (!isOk(response)) throw refusedProvisioning(response, url, 'ecus_refused');
  expectNoPage(response, url);
}

async function renewCertificate(
  http: HttpClient,
  url: string,
  request: Uint8Array,
): Promise<string | undefined> {
  const response = await sendBody(http, { method: 'POST', url, body: request }, CERTIFICATE_REQUEST_TYPE);
  if (response.status === 404 || response.status === 405) return undefined;
  expectOk(response, url);
  return Buffer.from(response.body).toString('utf8');
}

/** One attempt: what is not taken stays in the queue, which tries again by itself. */
async function postEvents(
  http: HttpClient,
  url: string,
  events: readonly DeviceEvent[],
): Promise<'accepted' | 'not_supported' | 'too_large'> {
  const body = canonicalText(asJson(events));
  const response = await sendBody(http, {
    method: 'POST',
    url,
    body,
    attempts: 1,
    timeoutMs: EVENTS_TIMEOUT_MS,
  });
  if (response.status === 404) return 'not_supported';
  if (response.status === 413) return 'too_large';
  expectOk(response, url);
  return 'accepted';
}

const DEVICE_DATA: {
  readonly [kind in DeviceDataKind]: { readonly method: 'PUT' | 'POST'; readonly path: string };
} = {
  hardware_info: { method: 'PUT', path: DEVICE_PATHS.systemInfo },
  installed_packages: { method: 'PUT', path: DEVICE_PATHS.installedPackages },
  network_info: { method: 'PUT', path: DEVICE_PATHS.networkInfo },
  configuration: { method: 'POST', path: DEVICE_PATHS.configuration },
};

/** The contract's bodies are JSON by their types; the check that they are is the compiler's, at their declaration. */
function asJson(body: object): JsonValue {
  return body as JsonValue;
}

export function isOk(response: HttpResponse): boolean {
  return response.status >= 200 && response.status < 400;
}

/** What a person can do about refusals that fleets have met. client-features W-09 */
const ECU_ADVICE: ReadonlyMap<string, string> = new Map([
  [
    'ecu_already_registered',
    ' Another device has an ECU of this serial: give this one another (provision.primary_ecu_serial), or remove that device.',
  ],
  [
    'replace_ecu_assignment_exists',
    ' The ECUs of this device changed while an update is assigned to it: cancel the assignment on the server; the device tries again by itself.',
  ],
  ['invalid_entity', ' The server does not take a key, serial or hardware id of an ECU.'],
]);

/** Of a certificate that the gateway has never issued, or whose device was removed. server-protocol 2.1; ours */
const UNKNOWN_DEVICE = 'unknown_certificate';
const PROVISION_ANEW =
  ' The server does not know this device, or knows it no longer: it was removed there, or its certificate was revoked. To provision it anew, stop aktualizr, delete the database in storage.path (sql.db), put new credentials where provision.provision_path or [import] point, and start it again.';

export function httpStatus(
  response: HttpResponse,
  url: string,
  whose: 'device' | 'shared' = 'device',
): TransportError {
  const { code, description } = readProblem(response);
  // The code as well: whoever asks the operator of the server names it.
  const said = [code, description].filter((part) => part !== undefined).join(': ');
  const advice = whose === 'device' && code === UNKNOWN_DEVICE ? PROVISION_ANEW : '';
  const retry = retryAfterSeconds(response.status, response.headers);
  return new TransportError(
    'http_status',
    `${withoutQuery(url)} answered ${response.status}${said === '' ? '' : ` (${said})`}.${advice}`,
    {
      details: {
        status: response.status,
        ...(code === undefined ? {} : { code }),
        ...(retry === undefined ? {} : { retryAfterSeconds: retry }),
      },
    },
  );
}

/** A query may carry a pre-signed permission: it stays out of every text. */
export function withoutQuery(url: string): string {
  return url.split('?', 1)[0] ?? url;
}

function expectOk(response: HttpResponse, url: string): void {
  if (!isOk(response)) throw httpStatus(response, url);
  expectNoPage(response, url);
}

/** Portals and load balancers answer with a page and status 200: nothing was taken, and nothing was said. */
export function expectNoPage({ headers, body }: HttpResponse, url: string): void {
  if (!/^text\/html\b/i.test(headers['content-type'] ?? '') || body.length === 0) return;
  throw new TransportError('malformed', `${withoutQuery(url)} answered with a web page.`, {
    details: { reason: 'web_page' },
  });
}

function refusedProvisioning(response: HttpResponse, url: string, known: 'device_exists' | 'ecus_refused') {
  const cause = httpStatus(response, url, known === 'device_exists' ? 'shared' : 'device');
  const code = cause.details.code;
  const exists = code === 'device_already_registered' || code === 'ecu_already_registered';
  if (response.status >= 500) return cause;
  if (known === 'ecus_refused') {
    const advice = ECU_ADVICE.get(String(code)) ?? '';
    const message = `The server did not register the ECUs: ${cause.message}${advice}`;
    return new ProvisioningError('ecus_refused', message, {
      cause,
      details: cause.details,
    });
  }
  const kind = exists
    ? known
    : response.status === 401 || response.status === 403
      ? 'bad_credentials'
      : 'refused';
  return new ProvisioningError(kind, `The server did not register this device: ${cause.message}`, {
    cause,
    details: cause.details,
  });
}

/** `code` and `description` of a refusal, where the body has them. */
function readProblem(response: HttpResponse): { code?: string; description?: string } {
  const text = Buffer.from(response.body).toString('utf8');
  if (!text.startsWith('{')) return {};
  try {
    const value: unknown = JSON.parse(text);
    const field = (name: string): string | undefined => {
      const found: unknown =
        value !== null && typeof value === 'object' ? Reflect.get(value, name) : undefined;
      return typeof found === 'string' && found !== '' ? quoted(found, MAX_SAID) : undefined;
    };
    const code = field('code');
    const description = field('description') ?? field('detail');
    return { ...(code === undefined ? {} : { code }), ...(description === undefined ? {} : { description }) };
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

function readCampaigns(response: HttpResponse, url: string) {
  try {
    return decodeCampaigns(JSON.parse(Buffer.from(response.body).toString('utf8'))).campaigns;
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof MalformedBodyError)) throw error;
    throw new TransportError('malformed', `${url} did not answer with a list of campaigns.`, {
      cause: error,
    });
  }
}
