/** Training in a tab that nobody looks at: browsers let its timers fire once a second, later once a minute, and may stop it altogether. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "../../bench/bundle.ts";
import { hasChromium, ISOLATION, serveFiles } from "../platform/chromium.testing.ts";
import { openTab, type Tab } from "../platform/tab.testing.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Where `fit` leaves the thread to others; about ten times a second. */
const TICKS = 20;

/** Trains until it has made some ticks, or some steps; the page watches meanwhile how often a timer fires. */
const PROGRAM = `
import { describeDevice, fit, losses, manualSeed, nn, optim, rand, setDevice, tensor, workers } from "myelin";

async function train({ device, ticks = Infinity, steps = Infinity }, { report } = { report: (step) => (globalThis.step = step) }) {
  setDevice(device);
  manualSeed(1);
  const model = nn.sequential(new nn.Linear(32, 128), nn.relu, new nn.Linear(128, 10));
  const labels = tensor(Array.from({ length: 1024 }, (_, i) => i % 10), { dtype: "i32" });
  let ticked = 0;
  const history = await fit(model, [rand([1024, 32]), labels], {
    optimizer: new optim.Adam(model.parameters()),
    loss: losses.crossEntropy,
    epochs: 1_000_000,
    batchSize: 64,
    steps: steps === Infinity ? undefined : steps,
    display: false,
    callbacks: [{
      name: "ticks",
      tick(run) {
        report(run.totalSteps);
        if (++ticked === ticks) run.stop("enough ticks");
      },
    }],
  });
  return { about: describeDevice(), ticked, losses: history.loss.slice(0, 4) };
}

if (typeof document === "undefined") workers.expose({ train });
else {
  globalThis.places = {
    page: train,
    worker: (job) =>
      workers.trainInWorker(new URL("/page.js", location.href), job, { onProgress: (step) => (globalThis.step = step) }),
  };
  globalThis.timers = 0;
  globalThis.chain = () => setTimeout(() => (globalThis.timers++, chain()));
  chain();
}`;

const CASES = ["wasm", "webgpu"].flatMap((device) => ["page", "worker"].map((place) => ({ device, place })));

describe.skipIf(!hasChromium())("training in a tab that is hidden", () => {
  let server: Awaited<ReturnType<typeof serveFiles>>;
  let tab: Tab;
  beforeAll(async () => {
    server = await serveFiles({ "/page.js": (await bundle(PROGRAM, { root, from: "src" })).code }, ISOLATION);
    // Chromium waits five minutes before it lets timers fire once a minute only.
    tab = await openTab(server.origin, { grace: 1 });
    await until("globalThis.places !== undefined");
  }, 120_000);
  afterAll(async () => {
    await tab?.close();
    server?.close();
  });

  const until = async (condition: string): Promise<void> => {
    while (!(await tab.evaluate(condition))) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  const run = (place: string, job: object): Promise<unknown> =>
    tab.evaluate(`timers = step = 0; places.${place}(${JSON.stringify(job)})`);

  test.each(CASES)(
    "goes on without timers, and learns the same: $device, in the $place",
    async ({ device, place }) => {
      await tab.hide(false);
      await until('document.visibilityState === "visible"');
      const seen = await run(place, { device, ticks: TICKS });

      await tab.hide(true);
      await until('document.visibilityState === "hidden"');
      const hidden = await run(place, { device, ticks: TICKS });
      expect(await tab.evaluate("document.visibilityState")).toBe("hidden");
      expect(2 * ((await tab.evaluate("timers")) as number)).toBeLessThan(TICKS);
      expect(hidden).toEqual(seen);
    },
    120_000,
  );

  test.each(CASES)(
    "stands still while the tab is frozen, and goes on unharmed: $device, in the $place",
    async ({ device, place }) => {
      await tab.hide(true);
      const steps = device === "wasm" ? 3000 : 100;
      const expected = await run(place, { device, steps });
      const training = run(place, { device, steps });
      await until("step > 0");
      await tab.freeze(true);
      try {
        // A report may have been on its way.
        await new Promise((resolve) => setTimeout(resolve, 500));
        const frozen = await tab.evaluate("step");
        expect(frozen).toBeLessThan(steps);
        await new Promise((resolve) => setTimeout(resolve, 1000));
        expect(await tab.evaluate("step")).toBe(frozen);
      } finally {
        await tab.freeze(false);
      }
      expect(await training).toMatchObject({ losses: (expected as { losses: number[] }).losses });
    },
    120_000,
  );
});
