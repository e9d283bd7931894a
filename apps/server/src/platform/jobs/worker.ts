// Runs due jobs one after the other, woken by commits and by time. A failing job is repeated with growing pauses and
// set aside after MAX_ATTEMPTS, with a line in the log.
import type { Context } from '../context.ts';
import { onCommit } from '../db/database.ts';
import { Drain } from '../drain.ts';
import { claimJob, hasEnqueued, type Job, type JobHandler } from './queue.ts';

const LEASE_MS = 5 * 60_000;
const MAX_ATTEMPTS = 8;
const FIRST_RETRY_MS = 500;

export class Worker {
  readonly #ctx: Context;
  readonly #handlers: ReadonlyMap<string, JobHandler>;
  readonly #drain: Drain;
  #timer: NodeJS.Timeout | undefined;

  constructor(ctx: Context, handlers: readonly JobHandler[]) {
    this.#ctx = ctx;
    this.#handlers = new Map(handlers.map((handler) => [handler.kind, handler]));
    this.#drain = new Drain({
      drain: (mayGoOn) => this.#runDue(mayGoOn),
      onError: (error) => ctx.log.error({ err: error }, 'The jobs could not be read'),
    });
  }

  start(): void {
    onCommit(this.#ctx.db, (tx) => {
      if (hasEnqueued(tx)) this.#drain.wake();
    });
    this.#timer = setInterval(() => this.#drain.wake(), this.#ctx.config.limits.jobPollMs);
    this.#timer.unref();
    this.#drain.wake();
  }

  /** Resolves when no job is due. */
  idle(): Promise<void> {
    return this.#drain.idle();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#drain.stop();
  }

  async #runDue(mayGoOn: () => boolean): Promise<void> {
    let job = await claimJob(this.#ctx, LEASE_MS);
    while (job) {
      await this.#run(job);
      job = mayGoOn() ? await claimJob(this.#ctx, LEASE_MS) : undefined;
    }
  }

  async #run(job: Job): Promise<void> {
    try {
      const handler = this.#handlers.get(job.kind);
      if (!handler) throw new Error(`No handler for jobs of the kind ${job.kind}`);
      await handler.run(job);
      await this.#ctx.db.deleteFrom('jobs').where('id', '=', job.id).execute();
    } catch (error) {
      await this.#putOff(job, error);
    }
  }

  async #putOff(job: Job, error: unknown): Promise<void> {
    const isLast = job.attempts >= MAX_ATTEMPTS;
    const now = this.#ctx.clock.now();
    this.#ctx.log.error(
      { err: error, job: job.kind, id: job.id, attempts: job.attempts, setAside: isLast },
      'A job failed',
    );
    const runAt = now + FIRST_RETRY_MS * 2 ** job.attempts;
    await this.#ctx.db
      .updateTable('jobs')
      .set({ run_at: runAt, leased_until: 0, failed_at: isLast ? now : null })
      .where('id', '=', job.id)
      .execute();
  }
}
