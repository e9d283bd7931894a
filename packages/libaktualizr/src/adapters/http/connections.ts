// The TLS connections of the client: kept alive, resumed by their sessions, through a proxy where one is set. Whom a
// connection trusts and what it shows of this device depends on whose host it is for (docs/adr/0020): only the servers
// of the configuration get the device's certificate. node:https is loaded with the first request.
import type { Agent, AgentOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import type { TlsCredentials } from '../../ports.ts';
import type { Environment, ProxySettings } from './proxy.ts';
import { judgeConnections, TrustByTime } from './trust-by-time.ts';
import type { ServerTime } from './server-trust.ts';

/**
 * `own`: a server of the configuration: the device's certificate, the private CA alone. `guest`: another host that the
 * private CA vouches for; no certificate. `public`: as guest, and the system's CAs are trusted too.
 */
export type Relation = 'own' | 'guest' | 'public';

export type ConnectionOptions = {
  readonly credentials: () => TlsCredentials | undefined;
  readonly userAgent: string;
  readonly timeoutMs: number;
  /** At the same time, to one server. */
  readonly maxSockets: number;
  readonly requireStaple: boolean;
  readonly proxy: ProxySettings;
  readonly environment: Environment;
  /** PEM; the system's when absent. */
  readonly publicAuthorities?: () => readonly string[];
  /** Judges the dates of certificates; the clock alone does when absent. */
  readonly time?: ServerTime;
};

type CreateConnection = Agent['createConnection'];
type Created = Parameters<CreateConnection>[1];

export class Connections {
  readonly #options: ConnectionOptions;
  readonly #agents = new Map<Relation, Agent>();
  #proxy: ProxySettings;
  #credentials: TlsCredentials | undefined;
  readonly #trust: TrustByTime;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#trust = new TrustByTime(options.time);
    this.#proxy = options.proxy;
  }

  get proxy(): ProxySettings {
    return this.#proxy;
  }

  /** For connections from now on; transfers that are under way keep theirs. */
  useProxy(proxy: ProxySettings): void {
    this.#proxy = proxy;
    for (const agent of this.#agents.values()) retire(agent);
    this.#agents.clear();
  }

  /** Whether the clock alone refused that server: the next connections to such are judged by what is known of the time. */
  isContested(relation: Relation, error: unknown): boolean {
    if (!this.#trust.isContested(relation, error)) return false;
    this.#agents.delete(relation);
    return true;
  }

  /** `isForTime`: for the question of what time it is, on a connection that nothing else is asked on. */
  async agentFor(relation: Relation, isForTime: boolean = false): Promise<Agent> {
    const { Agent: agentClass } = await import('node:https');
    const credentials = this.#options.credentials();
    if (!isSame(credentials, this.#credentials) || this.#trust.isOutdated()) this.close();
    this.#credentials = credentials;
    const judged = this.#trust.judging(relation, isForTime);
    const known = this.#agents.get(relation);
    if (known !== undefined && judged?.isForTime !== true) return known;
    const agent = new agentClass({
      keepAlive: true,
      maxSockets: this.#options.maxSockets,
      minVersion: 'TLSv1.2',
      timeout: this.#options.timeoutMs,
      ...(await this.#identity(relation, credentials)),
      ...(judged?.agentOptions ?? (await this.#trust.agentOptions())),
    });
    this.#lay(agent, relation);
    if (judged !== undefined) judgeConnections(agent, judged, this.#options.timeoutMs);
    else this.#trust.watchSessions(agent);
    if (judged?.isForTime !== true) this.#agents.set(relation, agent);
    return agent;
  }

  /** Closes the connections. The agents remember their TLS sessions, so that the next connection resumes one. */
  rest(): void {
    for (const agent of this.#agents.values()) agent.destroy();
  }

  close(): void {
    this.rest();
    this.#agents.clear();
  }

  async #identity(relation: Relation, credentials: TlsCredentials | undefined): Promise<AgentOptions> {
    // Without credentials no CA is trusted at all: nothing may be asked of a server that nobody vouches for.
    if (credentials === undefined) return { ca: [] };
    if (relation === 'own') return { ca: credentials.ca, ...ownIdentity(credentials) };
    const known =
      relation === 'guest' ? [] : (this.#options.publicAuthorities ?? (await systemAuthorities()))();
    return { ca: [credentials.ca, ...known] };
  }

  /** Lays the proxy and the check of the staple between the agent and its connections, where there are any. */
  #lay(agent: Agent, relation: Relation): void {
    const { requireStaple, environment } = this.#options;
    const settings = this.#proxy;
    const mayHaveProxy = settings.url !== '' || hasProxy(environment);
    if (!mayHaveProxy && !requireStaple) return;
    const direct = agent.createConnection.bind(agent);
    agent.createConnection = (options, created) => {
      const settle: NonNullable<Created> = created ?? (() => undefined);
      const open = async (): Promise<Duplex> => {
        const socket = mayHaveProxy ? await this.#tunnel(options, settings) : undefined;
        const staple = requireStaple && relation !== 'public' ? { requestOCSP: true } : {};
        const secure = direct(
          { ...options, ...staple, ...(socket === undefined ? {} : { socket }) },
          undefined,
        );
        if (secure === null || secure === undefined) throw new Error('No connection was made.');
        if (!('requestOCSP' in staple)) return secure;
        const { checkStaple } = await import('./staple.ts');
        return checkStaple(secure);
      };
      open().then(
        (socket) => settle(null, socket),
        (error: unknown) => settle(error as Error, undefined as unknown as Duplex),
      );
      return undefined;
    };
  }

  async #tunnel(options: Parameters<CreateConnection>[0], settings: ProxySettings) {
    const { proxyFor, openTunnel } = await import('./proxy.ts');
    const { environment, userAgent, timeoutMs } = this.#options;
    const host = String(options.host ?? 'localhost');
    const proxy = await proxyFor(host, settings, environment);
    if (proxy === undefined) return undefined;
    return openTunnel({ proxy, host, port: Number(options.port ?? 443), userAgent, timeoutMs });
  }
}

/** What is under way goes on; its connections are not used again. */
function retire(agent: Agent): void {
  agent.maxFreeSockets = 0;
  for (const sockets of Object.values(agent.freeSockets))
    for (const socket of sockets ?? []) socket.destroy();
}

function hasProxy(environment: Environment): boolean {
  return Object.keys(environment).some((name) => /^(https|all)_proxy$/i.test(name));
}

async function systemAuthorities(): Promise<() => readonly string[]> {
  const { getCACertificates } = await import('node:tls');
  const system = getCACertificates('system');
  return () => (system.length > 0 ? system : getCACertificates('bundled'));
}

function ownIdentity({ certificate, privateKey, keyInToken }: TlsCredentials): AgentOptions {
  if (keyInToken === undefined) return { cert: certificate, key: privateKey };
  const { engine, identifier } = keyInToken;
  return { cert: certificate, privateKeyEngine: engine, privateKeyIdentifier: identifier };
}

function isSame(a: TlsCredentials | undefined, b: TlsCredentials | undefined): boolean {
  return (
    a?.ca === b?.ca &&
    a?.certificate === b?.certificate &&
    a?.privateKey === b?.privateKey &&
    a?.keyInToken?.identifier === b?.keyInToken?.identifier
  );
}
