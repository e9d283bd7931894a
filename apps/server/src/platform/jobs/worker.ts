// Runs due jobs one after the other, woken by commits and by time. A failing job is repeated with growing pauses and
// set aside after MAX_ATTEMPTS, with a line in the log.
import type { Context } from '../context.ts';
import { onCommit } from '../db/database.ts';
import { claimJob, hasEnqueued, type Job, type JobHandler } from './queue.ts';

const LEASE_MS = 5 * 60_000;
const MAX_ATTEMPTS = 8;
const FIRST_RETRY_MS = 500;

export class Worker {
  readonly #ctx: Context;
  readonly #handlers: ReadonlyMap<string, JobHandler>;
  #running: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(ctx: Context, handlers: readonly JobHandler[]) {
    this.#ctx = ctx;
    this.#handlers = new Map(handlers.map((handler) => [handler.kind, handler]));
  }

  start(): void {
    onCommit(this.#ctx.db, (tx) => {
      if (hasEnqueued(tx)) this.#wake();
    });
    this.#timer = setInterval(() => this.#wake(), this.#ctx.config.limits.jobPollMs);
    this.#timer.unref();
    this.#wake();
  }

  /** Resolves when no job is due. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.idle();
  }

  #wake(): void {
    if (this.#stopped) return;
    this.#again = true;
    this.#running ??= this.#drain()
      .catch((error: unknown) => this.#ctx.log.error({ err: error }, 'The jobs could not be read'))
      .finally(() => {
        this.#running = undefined;
        if (this.#again) this.#wake();
      });
  }

  async #drain(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      let job = await claimJob(this.#ctx, LEASE_MS);
      while (job) {
        await this.#run(job);
        job = this.#stopped ? undefined : await claimJob(this.#ctx, LEASE_MS);
      }
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
