/** What TensorBoard's table of hyper-parameters reads. */
import { encodeMessage, type Wire } from "../protobuf.ts";
import { hparams, type Hparams, type SummaryValue } from "./schema.ts";

/** The plugin's numbers of types. */
const TYPES = { string: 1, boolean: 2, number: 3 } as const;

type Choice = string | number | boolean;

const SUCCESS = 1;

/** A run's choices, and the tags of the scalars that say how good they were. */
export function hparamsSummaries(
  wire: Wire,
  choices: Readonly<Record<string, Choice>>,
  metrics: readonly string[],
): SummaryValue[] {
  const known = Object.entries(choices);
  const say = (name: string, content: Hparams): SummaryValue => ({
    tag: `_hparams_/${name}`,
    metadata: {
      pluginData: { pluginName: "hparams", content: encodeMessage(wire, hparams, { version: 0, ...content }) },
    },
  });
  return [
    say("experiment", {
      experiment: {
        hparamInfos: known.map(([name, value]) => ({ name, type: TYPES[typeof value as "number"] })),
        metricInfos: metrics.map((tag) => ({ name: { tag } })),
      },
    }),
    say("session_start_info", {
      sessionStartInfo: { hparams: known.map(([key, value]) => ({ key, value: plain(value) })) },
    }),
    say("session_end_info", { sessionEndInfo: { status: SUCCESS } }),
  ];
}

function plain(value: Choice): { numberValue: number } | { stringValue: string } | { boolValue: boolean } {
  if (typeof value === "number") return { numberValue: value };
  return typeof value === "string" ? { stringValue: value } : { boolValue: value };
}
