import { afterEach, expect, test } from "vitest";
import { InterpretingDevice } from "../device/reference/interpreting.ts";
import { registerDevice, setDevice } from "../tensor/engine.ts";
import { Dataset } from "./dataset.ts";
import { startWaiting } from "./waiting.ts";

/** Computes until it is told to have finished. */
class Slow extends InterpretingDevice {
  #finish: (() => void) | undefined;
  #work: Promise<void> | undefined;

  start(): void {
    this.#work = new Promise((resolve) => (this.#finish = resolve));
  }

  get busy(): boolean {
    return this.#work !== undefined;
  }

  finish(): void {
    this.#work = undefined;
    this.#finish?.();
  }

  override async sync(): Promise<void> {
    await this.#work;
  }
}

const turns = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

function slowDevice(): Slow {
  const device = new Slow();
  registerDevice("slow", () => device);
  setDevice("slow");
  return device;
}

afterEach(() => setDevice("cpu"));

test("nobody waits for data as long as the device computes", async () => {
  const device = slowDevice();
  device.start();
  const waited = startWaiting();
  await turns(5);
  expect(waited()).toBe(0);
  device.finish();
  await turns(5);
  expect(waited()).toBeGreaterThan(1);
});

test("prefetch leaves the thread to others while the device computes, and then has all there is", async () => {
  const device = slowDevice();
  const data = Dataset.range(40)
    .map(async (x) => turns(1).then(() => x), { parallel: 4 })
    .batch(4, { collate: (list) => list })
    .prefetch(5);
  const iterator = data[Symbol.asyncIterator]();
  await iterator.next();
  const before = data.stats();
  device.start();
  const next = iterator.next();
  await turns(60);
  device.finish();
  expect((await next).value).toEqual([4, 5, 6, 7]);
  const after = data.stats();
  expect(after.stages.at(-1)!.ready! * 2 - before.stages.at(-1)!.ready!).toBe(5);
  await iterator.return();
});
