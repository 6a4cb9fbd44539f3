/**
 * Measured runs in Chrome's trace event format ("Trace Event Format", Duffy and Sinclair 2016), which chrome://tracing and
 * ui.perfetto.dev open.
 */
import type { Measured } from "./measure.ts";

/** A stretch of time (ph "X", in microseconds) or a name for a row of the picture (ph "M"). */
export interface TraceEvent {
  readonly name: string;
  readonly ph: "X" | "M";
  readonly pid: number;
  readonly tid: number;
  readonly cat?: string;
  readonly ts?: number;
  readonly dur?: number;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface Timeline {
  readonly displayTimeUnit: "ms";
  readonly traceEvents: readonly TraceEvent[];
}

/** What stands at the head of the picture, and when it began: the function, the device, the time of tracing. */
export interface Heading {
  readonly name: string;
  readonly device: string;
  /** When tracing and compiling began and ended. */
  readonly compile: { readonly begin: number; readonly end: number };
}

/** Every timed run with its steps inside it, after the time of tracing and compiling. */
export function timelineOf({ name, device, compile }: Heading, { steps, runs }: Measured): Timeline {
  const place = { pid: 1, tid: 1 };
  const stretch = (what: string, cat: string, begin: number, end: number, args: TraceEvent["args"]): TraceEvent => ({
    ...place,
    name: what,
    ph: "X",
    cat,
    ts: 1000 * (begin - compile.begin),
    dur: 1000 * (end - begin),
    args,
  });
  const label = (what: string, text: string): TraceEvent => ({ name: what, ph: "M", ...place, args: { name: text } });
  return {
    displayTimeUnit: "ms",
    traceEvents: [
      label("process_name", name),
      label("thread_name", device),
      stretch("trace and compile", "compile", compile.begin, compile.end, {}),
      ...runs.flatMap((run, r) => [
        stretch(`run ${r + 1}`, "run", run[0]?.begin ?? compile.end, run.at(-1)?.end ?? compile.end, {}),
        ...run.map(({ begin, end }, i) => {
          const { step, gflops, gbps, share } = steps[i]!;
          const [first] = step.launches;
          return stretch(`${first!.kind} ${first!.ops.join(" ")}`, "kernel", begin, end, {
            results: step.launches.flatMap((k) => k.results),
            lines: [...new Set(step.launches.flatMap((k) => k.lines))],
            segments: step.launches.length,
            repetitions: step.times,
            gflops,
            gbps,
            share,
          });
        }),
      ]),
    ],
  };
}
