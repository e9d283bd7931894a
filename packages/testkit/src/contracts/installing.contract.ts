// What every bootloader, reboot sentinel, health check and hook promises, as tests. Call them in the test file of an
// implementation. The ports are libaktualizr's; what is written here is their shape, which the testkit may not import.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

export type BootloaderPort = {
  installing(): Promise<void>;
  good(): Promise<void>;
  rolledBack(): Promise<boolean>;
};

export type BootloaderWorld = {
  readonly bootloader: BootloaderPort;
  /** The next boot goes back to the version before. */
  readonly goBack: () => void;
  /** Nothing that the bootloader needs works any more. */
  readonly breakDown?: () => void;
};

export function bootloaderContract(open: () => BootloaderWorld): void {
  void describe('Bootloader contract', () => {
    void it('has not gone back, before and after a version is called good', async () => {
      const { bootloader } = open();
      assert.equal(await bootloader.rolledBack(), false);
      await bootloader.installing();
      assert.equal(await bootloader.rolledBack(), false);
      await bootloader.good();
      await bootloader.good();
      assert.equal(await bootloader.rolledBack(), false);
    });

    void it('tells that it went back, until the next installation', async () => {
      const { bootloader, goBack } = open();
      await bootloader.installing();
      goBack();
      assert.equal(await bootloader.rolledBack(), true);
      await bootloader.good();
      assert.equal(await bootloader.rolledBack(), true);
      await bootloader.installing();
      assert.equal(await bootloader.rolledBack(), false);
    });

    void it('fails no update, when its tools fail', async () => {
      const { bootloader, breakDown } = open();
      breakDown?.();
      await bootloader.installing();
      await bootloader.good();
      assert.equal(await bootloader.rolledBack(), false);
    });
  });
}

export type SentinelPort = {
  uptimeMs(): number;
  announce(): void;
  withdraw(): void;
  isAnnounced(): boolean;
};

export function sentinelContract(open: () => SentinelPort): void {
  void describe('RebootSentinel contract', () => {
    void it('announces and withdraws, each as often as it is asked', () => {
      const sentinel = open();
      sentinel.withdraw();
      assert.equal(sentinel.isAnnounced(), false);
      for (const isAnnounced of [true, false]) {
        for (let time = 0; time < 2; time += 1) {
          if (isAnnounced) sentinel.announce();
          else sentinel.withdraw();
          assert.equal(sentinel.isAnnounced(), isAnnounced);
        }
      }
    });

    void it('knows since when the machine is up, in whole milliseconds', () => {
      const first = open().uptimeMs();
      assert.ok(Number.isSafeInteger(first) && first >= 0, String(first));
      assert.ok(open().uptimeMs() >= first);
    });
  });
}

export type HealthPort = {
  isGood(signal: AbortSignal): Promise<{ readonly good: boolean; readonly detail: string }>;
};

export type HealthWorld = { readonly health: HealthPort; readonly setGood: (isGood: boolean) => void };

export function healthContract(open: () => HealthWorld): void {
  void describe('Health contract', () => {
    void it('says what it finds at each look, in one line', async () => {
      const { health, setGood } = open();
      const { signal } = new AbortController();
      for (const isGood of [true, false, true]) {
        setGood(isGood);
        const { good, detail } = await health.isGood(signal);
        assert.equal(good, isGood);
        if (!good) assert.ok(isOneLine(detail) && detail !== '', detail);
      }
    });
  });
}

export type HooksPort = {
  before(
    stage: 'install',
    facts: object,
    signal: AbortSignal,
  ): Promise<'go' | { readonly postponed: string }>;
  after(
    stage: 'install',
    facts: object,
    end: { readonly success: boolean; readonly outcome: string; readonly detail: string },
  ): Promise<void>;
};

export type HooksWorld = { readonly hooks: HooksPort; readonly setWilling: (isWilling: boolean) => void };

export function hooksContract(open: () => HooksWorld): void {
  void describe('Hooks contract', () => {
    void it('lets a stage go or holds it back with a reason in one line', async () => {
      const { hooks, setWilling } = open();
      const { signal } = new AbortController();
      setWilling(true);
      assert.equal(await hooks.before('install', {}, signal), 'go');
      setWilling(false);
      const answer = await hooks.before('install', {}, signal);
      assert.ok(answer !== 'go' && isOneLine(answer.postponed) && answer.postponed !== '');
    });

    void it('takes what came of a stage, willing or not', async () => {
      const { hooks, setWilling } = open();
      for (const isWilling of [true, false]) {
        setWilling(isWilling);
        await hooks.after('install', {}, { success: true, outcome: 'OK', detail: '' });
      }
    });
  });
}

function isOneLine(text: string): boolean {
  return text.length <= 200 && !text.includes('\n');
}
