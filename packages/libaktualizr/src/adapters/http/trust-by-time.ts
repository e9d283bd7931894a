// Which connections of a client are judged by what is known of the time, and since when: those to servers that the clock
// refused, until a server passes by the clock again. docs/adr/0021-certificates-and-the-time.md
import type { Agent, AgentOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Attestation } from '../../time/judge-certificate.ts';
import type { ServerTime } from './server-trust.ts';

/** How an agent judges its connections. */
export type Judging = {
  readonly time: ServerTime;
  readonly isForTime: boolean;
  readonly agentOptions: AgentOptions;
};

/** What OpenSSL says of a chain whose only fault may be the clock. */
export const OF_DATES: ReadonlySet<unknown> = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

export class TrustByTime {
  readonly #time: ServerTime | undefined;
  readonly #contested = new Set<string>();
  #attestations: number;

  constructor(time: ServerTime | undefined) {
    this.#time = time;
    this.#attestations = time?.attestations() ?? 0;
  }

  /** Once for each relation: what is refused after that is refused for good. */
  isContested(relation: string, error: unknown): boolean {
    const isOfDates = error instanceof Error && 'code' in error && OF_DATES.has(error.code);
    if (this.#time === undefined || !isOfDates || this.#contested.has(relation)) return false;
    this.#contested.add(relation);
    return true;
  }

  /** Whether connections were judged before the time was attested last. Asked again, they are not. */
  isOutdated(): boolean {
    const now = this.#time?.attestations() ?? 0;
    const isOutdated = now !== this.#attestations;
    this.#attestations = now;
    return isOutdated && this.#contested.size > 0;
  }

  /** undefined: by the clock, as long as nothing that is certain says otherwise. */
  judging(relation: string, isForTime: boolean): Judging | undefined {
    if (this.#time === undefined || !this.#contested.has(relation)) return undefined;
    const asked = this.#time;
    const time: ServerTime = {
      sureOf: () => asked.sureOf(),
      attestations: () => asked.attestations(),
      attest: () => this.#attest(asked),
    };
    return { time, isForTime, agentOptions: { keepAlive: !isForTime, maxCachedSessions: 0 } };
  }

  /** Of agents that go by the clock. */
  async agentOptions(): Promise<AgentOptions> {
    if (this.#time === undefined) return {};
    const { identityAndTime } = await import('./server-trust.ts');
    return { checkServerIdentity: identityAndTime(this.#time) };
  }

  /** node:tls asks for no name where a session is resumed; the time goes on all the same. */
  watchSessions(agent: Agent): void {
    const time = this.#time;
    if (time === undefined) return;
    const direct = agent.createConnection.bind(agent);
    agent.createConnection = (options, created) => {
      const made = direct(options, created && ((error, socket) => created(error, watched(socket, time))));
      return made && watched(made, time);
    };
  }

  /** What is judged by this answer is not outdated by it. */
  async #attest(time: ServerTime): Promise<Attestation> {
    const attestation = await time.attest();
    this.#attestations = time.attestations();
    return attestation;
  }
}

/** Lets the agent have a connection only once it holds. */
export function judgeConnections(agent: Agent, { time, isForTime }: Judging, timeoutMs: number): void {
  const direct = agent.createConnection.bind(agent);
  agent.createConnection = (options, created) => {
    const settle = created ?? (() => undefined);
    const open = async (): Promise<Duplex> => {
      const { connectJudged } = await import('./server-trust.ts');
      const unverified = { ...options, rejectUnauthorized: false, session: undefined };
      return connectJudged({
        connect: () =>
          new Promise((resolve, reject) => {
            const made = direct(unverified, (error, socket) =>
              error ? reject(error) : resolve(socket as TLSSocket),
            );
            if (made) resolve(made as TLSSocket);
          }),
        host: String(options.servername || options.host || 'localhost'),
        authorities: [agent.options.ca ?? []].flat().map(String),
        time,
        isForTime,
        timeoutMs,
      });
    };
    open().then(
      (socket) => settle(null, socket),
      (error: unknown) => settle(error as Error, undefined as unknown as Duplex),
    );
    return undefined;
  };
}

function watched(stream: Duplex, time: ServerTime): Duplex {
  const socket = stream as TLSSocket | undefined;
  socket?.once('secureConnect', () => {
    if (!socket.isSessionReused()) return;
    const known = time.sureOf();
    const until = Date.parse(socket.getPeerCertificate().valid_to) / 1000;
    const latest = Math.max(known.bound, known.attested ?? known.bound);
    // Not the last word: a new handshake says what is wrong.
    if (!(until >= latest))
      socket.destroy(Object.assign(new Error('It has expired.'), { code: 'CERT_HAS_EXPIRED' }));
  });
  return stream;
}
