/** The messages of TensorBoard's event files, as far as they are used here: tensorboard/compat/proto and plugins/hparams. */
import type { Message } from "../protobuf.ts";

/** Event. */
export const event = {
  wallTime: [1, "double"],
  step: [2, "int64"],
  fileVersion: [3, "string"],
  graphDef: [4, "bytes"],
  summary: [
    5,
    {
      value: [
        1,
        {
          tag: [1, "string"],
          simpleValue: [2, "float"],
          image: [
            4,
            {
              height: [1, "int32"],
              width: [2, "int32"],
              /** Channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. */
              colorspace: [3, "int32"],
              encodedImageString: [4, "bytes"],
            },
          ],
          /** Bucket `i` counts what lies above limit `i − 1` and up to limit `i`. */
          histo: [
            5,
            {
              min: [1, "double"],
              max: [2, "double"],
              num: [3, "double"],
              sum: [4, "double"],
              sumSquares: [5, "double"],
              bucketLimit: [6, "double", "many"],
              bucket: [7, "double", "many"],
            },
          ],
          tensor: [
            8,
            {
              dtype: [1, "int32"],
              tensorShape: [2, { dim: [2, { size: [1, "int64"] }, "many"] }],
              stringVal: [8, "bytes", "many"],
            },
          ],
          metadata: [
            9,
            {
              pluginData: [1, { pluginName: [1, "string"], content: [2, "bytes"] }],
              displayName: [2, "string"],
              dataClass: [4, "int32"],
            },
          ],
        },
        "many",
      ],
    },
  ],
  sessionLog: [7, { status: [1, "int32"] }],
} as const;

/** GraphDef. */
export const graph = {
  node: [
    1,
    {
      name: [1, "string"],
      op: [2, "string"],
      input: [3, "string", "many"],
      device: [4, "string"],
      attr: [
        5,
        {
          key: [1, "string"],
          value: [
            2,
            {
              list: [1, { shape: [7, { dim: [2, { size: [1, "int64"] }, "many"] }, "many"] }],
              s: [2, "bytes"],
              type: [6, "int32"],
            },
          ],
        },
        "many",
      ],
    },
    "many",
  ],
  versions: [4, { producer: [1, "int32"] }],
} as const;

/** HParamsPluginData. */
export const hparams = {
  version: [1, "int32"],
  experiment: [
    2,
    {
      hparamInfos: [4, { name: [1, "string"], type: [4, "int32"] }, "many"],
      metricInfos: [5, { name: [1, { tag: [2, "string"] }] }, "many"],
    },
  ],
  sessionStartInfo: [
    3,
    {
      hparams: [
        1,
        {
          key: [1, "string"],
          value: [2, { numberValue: [2, "double"], stringValue: [3, "string"], boolValue: [4, "bool"] }],
        },
        "many",
      ],
    },
  ],
  sessionEndInfo: [4, { status: [1, "int32"] }],
} as const;

/** What happened at one moment of a run. */
export type Event = Message<typeof event>;

/** One thing to show: a number, a picture, a histogram, a text. */
export type SummaryValue = NonNullable<NonNullable<Event["summary"]>["value"]>[number];

/** A graph to show. */
export type GraphDef = Message<typeof graph>;

/** What the plugin for hyper-parameters reads. */
export type Hparams = Message<typeof hparams>;
