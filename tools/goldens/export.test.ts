// Writes the samples of all ops, with their elements, to the file that MYELIN_SAMPLES names: see record.py.
import { writeFileSync } from "node:fs";
import { test } from "vitest";
import { checksum, spell } from "../../src/device/recorded.ts";
import { cotangentOf, inputsOf } from "../../src/device/suite.ts";
import { isFloat } from "../../src/core/dtype.ts";
import { input } from "../../src/graph/ops/leaf.ts";
import { nodeOf, titleOf } from "../../src/graph/sample.ts";
import { allSamples } from "../../src/graph/samples.ts";

const target = process.env["MYELIN_SAMPLES"];

test.skipIf(!target)("exports the samples", () => {
  const samples = allSamples.flatMap(({ name, op, valid }) =>
    valid.map((sample) => {
      const title = titleOf(name, sample);
      const arrays = inputsOf(title, sample);
      const leaves = sample.inputs.map(({ shape, dtype }) => input(shape, dtype, { requiresGrad: isFloat(dtype) }));
      const { shape, dtype, requiresGrad } = nodeOf(op, sample, leaves);
      const cotangent = requiresGrad ? cotangentOf(title, shape, dtype) : undefined;
      return {
        title,
        name,
        about: sample.about ?? null,
        inputs: sample.inputs.map((operand, i) => ({
          shape: operand.shape,
          dtype: operand.dtype,
          values: spell(arrays[i]!),
        })),
        attributes: sample.attributes,
        shape,
        dtype,
        cotangent: cotangent ? spell(cotangent) : null,
        checksum: checksum(cotangent ? [...arrays, cotangent] : arrays),
      };
    }),
  );
  const named = (_: string, value: unknown): unknown =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
  writeFileSync(target!, JSON.stringify(samples, named));
});
