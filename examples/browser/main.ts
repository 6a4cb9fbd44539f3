/** The page: it shows what the worker in `training.ts` does, and asks it what it sees. */
import { workers } from "myelin";
import { LossCurve, percent } from "./curve.ts";
import { paint, Pad, SIDE } from "./pad.ts";
import { centred } from "./centred.ts";
import type { offered, PickedFile, Progress, Ready, Weights } from "./training.ts";

/** What the page is doing. */
type State = "loading" | "ready" | "training" | "paused" | "stopped" | "done" | "failed";

function byId<T extends Element>(id: string, type: new () => T): T {
  const found = document.getElementById(id) as Element | null;
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} "${id}"`);
  return found;
}

const device = byId("device", HTMLSelectElement);
const channels = byId("channels", HTMLSelectElement);
const epochs = byId("epochs", HTMLInputElement);
const files = byId("files", HTMLInputElement);
const trainButton = byId("train", HTMLButtonElement);
const pauseButton = byId("pause", HTMLButtonElement);
const stopButton = byId("stop", HTMLButtonElement);
const status = byId("status", HTMLParagraphElement);
const news = byId("news", HTMLParagraphElement);
const problem = byId("error", HTMLParagraphElement);
const answer = byId("answer", HTMLParagraphElement);
const score = byId("score", HTMLParagraphElement);
const bars = byId("bars", HTMLOListElement);
const gallery = byId("gallery", HTMLUListElement);
const padCanvas = byId("pad", HTMLCanvasElement);
const curve = new LossCurve(byId("curve", SVGSVGElement));

let state: State = "loading";
let worker: workers.RunningWorker<typeof offered> | undefined;
let ready: Ready | undefined;
let training: AbortController | undefined;
/** The last that was heard of training. */
let progress: Progress | undefined;
let testAccuracy: number | undefined;
/** What the network knew at the end of its last epoch. */
let kept: { readonly weights: Weights; readonly accuracy: number } | undefined;

function enter(next: State): void {
  state = next;
  status.dataset["state"] = next;
  const busy = next === "training" || next === "paused";
  trainButton.disabled = busy || next === "loading";
  trainButton.textContent =
    next === "failed" ? "Try again" : next === "stopped" || next === "done" || kept ? "Train more" : "Train";
  pauseButton.disabled = stopButton.disabled = !busy;
  pauseButton.textContent = next === "paused" ? "Resume" : "Pause";
  for (const choice of [device, channels, epochs, files]) choice.disabled = busy || next === "loading";
  showStatus();
}

const STATES: Readonly<Record<State, string>> = {
  loading: "Getting ready …",
  ready: "Ready.",
  training: "Training.",
  paused: "Paused.",
  stopped: "Stopped.",
  done: "Done.",
  failed: "Something went wrong.",
};

/** One honest line: the state, what computes, and how fast. */
function showStatus(): void {
  const strong = document.createElement("b");
  strong.textContent = STATES[state];
  const parts: string[] = [];
  if (ready && state !== "loading") {
    const shared = globalThis.crossOriginIsolated || device.value !== "wasm";
    parts.push(shared ? ready.device : `${ready.device} (this page is not cross-origin isolated)`);
  }
  if (progress && state !== "ready") {
    const { epoch, epochs: all, totalSteps, stepsPerSecond, means } = progress;
    parts.push(`epoch ${epoch} of ${all}`, `step ${totalSteps.toLocaleString("en")}`);
    if (state === "training") parts.push(`${stepsPerSecond.toFixed(stepsPerSecond < 10 ? 1 : 0)} steps/s`);
    if (means["loss"] !== undefined) parts.push(`loss ${means["loss"].toPrecision(3)}`);
  } else if (ready && state === "ready")
    parts.push(
      `${ready.source}: ${ready.training.toLocaleString("en")} to learn from, ${ready.test.toLocaleString("en")} to test`,
    );
  if (testAccuracy !== undefined) parts.push(`${percent(testAccuracy)} of test images right`);
  status.replaceChildren(strong, parts.length > 0 ? ` ${parts.join(" · ")}` : "");
  status.dataset["step"] = String(progress?.totalSteps ?? 0);
  status.dataset["accuracy"] = String(testAccuracy ?? "");
}

function fail(error: unknown): void {
  problem.textContent = error instanceof Error ? error.message : String(error);
  if (kept) problem.append(" “Try again” goes on from the end of the last epoch.");
  problem.hidden = false;
  enter("failed");
  // Another device, or other files, may do.
  for (const choice of [device, channels, files]) choice.disabled = false;
}

/** Starts a worker for what is chosen: a new network on its device, or the one that was kept. */
async function prepare(): Promise<void> {
  enter("loading");
  problem.hidden = true;
  training?.abort();
  worker?.stop();
  [progress, testAccuracy, ready] = [undefined, kept?.accuracy, undefined];
  const own = workers.start<typeof offered>(
    () => new Worker(new URL("./training.ts", import.meta.url), { type: "module" }),
  );
  worker = own;
  try {
    const picked = await Promise.all(
      [...(files.files ?? [])].map(async (file): Promise<PickedFile> => ({
        name: file.name,
        bytes: new Uint8Array(await file.arrayBuffer()),
      })),
    );
    const found = await own.call("prepare", {
      device: device.value,
      channels: Number(channels.value),
      files: picked,
      weights: kept?.weights,
    });
    if (worker !== own) return;
    ready = found;
    curve.clear(1);
    showPictures(found);
    enter("ready");
    await look();
  } catch (error) {
    if (worker === own) fail(error);
  }
}

async function train(): Promise<void> {
  const own = worker!;
  const count = Math.round(Math.min(100, Math.max(1, Number(epochs.value) || 1)));
  epochs.value = String(count);
  training = new AbortController();
  progress = undefined;
  let lastLook = 0;
  enter("training");
  curve.clear(count * Math.ceil(ready!.training / 64));
  try {
    testAccuracy = await own.call(
      "train",
      { epochs: count },
      {
        signal: training.signal,
        onProgress(now) {
          curve.add(now.totalSteps, newLoss(progress, now));
          progress = now;
          if (now.testAccuracy !== undefined) {
            testAccuracy = now.testAccuracy;
            kept = now.weights && { weights: now.weights, accuracy: testAccuracy };
            curve.mark(now.totalSteps, testAccuracy);
            news.textContent = `Epoch ${now.epoch} of ${now.epochs}: ${percent(testAccuracy)} of test images right.`;
          }
          showStatus();
          // What it sees changes quickly; twice a second is enough for an eye.
          if (performance.now() - lastLook < 500) return;
          lastLook = performance.now();
          void look();
        },
      },
    );
    enter("done");
  } catch (error) {
    if (worker !== own) return;
    if (training.signal.aborted) enter("stopped");
    else return fail(error);
  }
  await look();
}

/** The mean loss of the steps since the last report; what is reported is that of the epoch so far. */
function newLoss(last: Progress | undefined, { epoch, step, means }: Progress): number {
  const before = last?.epoch === epoch ? last : undefined;
  const steps = step - (before?.step ?? 0);
  const sum = step * means["loss"]! - (before ? before.step * before.means["loss"]! : 0);
  return steps > 0 ? sum / steps : NaN;
}

/** Asks what it sees on the pad and in the gallery, and shows it. */
async function look(): Promise<void> {
  if (!ready || !worker) return;
  const { pictures, labels } = ready;
  const asked = new Uint8Array(pictures.length + SIDE * SIDE);
  asked.set(pictures);
  asked.set(centred(drawn), pictures.length);
  const probabilities = await worker.call("predict", asked).catch(() => undefined);
  if (!probabilities) return;
  let right = 0;
  labels.forEach((label, at) => {
    const seen = likeliest(probabilities.subarray(10 * at, 10 * at + 10));
    if (seen === label) right++;
    const caption = gallery.children[at]!.lastElementChild!;
    caption.className = seen === label ? "right" : "wrong";
    caption.textContent = seen === label ? `${seen} ✓` : `${seen} ✗`;
    gallery.children[at]!.firstElementChild!.setAttribute("aria-label", `a ${label}`);
  });
  score.textContent = `${right} of these ${labels.length} are read right.`;
  showBars(probabilities.subarray(10 * labels.length));
}

const likeliest = (shares: Float32Array): number => shares.indexOf(Math.max(...shares));

function showBars(shares: Float32Array): void {
  const empty = drawn.every((value) => value === 0);
  shares.forEach((share, digit) => {
    const row = bars.children[digit]!;
    (row.querySelector(".bar span") as HTMLElement).style.width = empty ? "0" : `${100 * share}%`;
    row.querySelector(".share")!.textContent = empty ? "–" : `${Math.round(100 * share)} %`;
  });
  const seen = likeliest(shares);
  const strong = document.createElement("b");
  strong.textContent = String(seen);
  if (empty) answer.textContent = "Write on the white square.";
  else answer.replaceChildren("I read a ", strong, `, ${Math.round(100 * shares[seen]!)} % sure.`);
  answer.dataset["seen"] = empty ? "" : String(seen);
}

function showPictures({ pictures, labels }: Ready): void {
  gallery.replaceChildren(
    ...Array.from(labels, (_, at) => {
      const item = document.createElement("li");
      const canvas = document.createElement("canvas");
      canvas.setAttribute("role", "img");
      paint(canvas, pictures.subarray(at * SIDE * SIDE, (at + 1) * SIDE * SIDE));
      item.append(canvas, document.createElement("span"));
      return item;
    }),
  );
}

/** The picture on the pad. */
let drawn: Uint8Array = new Uint8Array(SIDE * SIDE);
let asking = false;
const pad = new Pad(padCanvas, (picture) => {
  drawn = picture;
  padCanvas.setAttribute("aria-label", drawn.some((value) => value > 0) ? "What you wrote" : "Nothing is drawn");
  // One question at a time, the last picture last.
  if (asking) return;
  asking = true;
  requestAnimationFrame(() => {
    asking = false;
    void look();
  });
});

const samples = document.querySelector(".samples")!;
for (let digit = 0; digit < 10; digit++) {
  const row = document.createElement("li");
  row.innerHTML = `<span>${digit}</span><span class="bar" aria-hidden="true"><span></span></span><span class="share">–</span>`;
  bars.append(row);
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = String(digit);
  let next = 0;
  button.addEventListener("click", () => {
    if (!ready) return;
    const { pictures, labels } = ready;
    const places = [...labels.keys()].filter((at) => labels[at] === digit);
    const at = places[next++ % places.length];
    if (at === undefined) return;
    pad.put(pictures.slice(at * SIDE * SIDE, (at + 1) * SIDE * SIDE));
    padCanvas.setAttribute("aria-label", `A sample of ${digit}`);
  });
  samples.append(button);
}

trainButton.addEventListener("click", () => void (state === "failed" ? prepare() : train()));
pauseButton.addEventListener("click", () => {
  const pauses = state === "training";
  void worker!.call("pause", pauses).catch(fail);
  enter(pauses ? "paused" : "training");
});
stopButton.addEventListener("click", () => {
  if (state === "paused") void worker!.call("pause", false).catch(fail);
  training?.abort();
});
byId("clear", HTMLButtonElement).addEventListener("click", () => pad.clear());
for (const choice of [device, channels, files])
  choice.addEventListener("change", () => {
    // Where a GPU was lost, another device may go on.
    if (state !== "failed" || choice !== device) kept = undefined;
    void prepare();
  });

/** WebGPU first, where there is an adapter for it; `?device=` in the address says otherwise. */
async function chooseDevice(): Promise<void> {
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  if (adapter) device.prepend(new Option("WebGPU", "webgpu"));
  const wanted = new URLSearchParams(location.search).get("device");
  device.value = [...device.options].some(({ value }) => value === wanted) ? wanted! : device.options[0]!.value;
}

void chooseDevice().then(prepare);
