import { expect, it } from "vitest";
import { scan } from "../graph/ops/scan.ts";
import { full, tensor } from "./create.ts";
import { add, mul } from "./functional/arithmetic.ts";
import { setDevice } from "./engine.ts";
import { jit } from "./jit.ts";
import { fromNode, type Tensor } from "./tensor.ts";

it.each(["reference", "wasm"])("a number inside a loop's step is handed over at each call: %s", (device) => {
  setDevice(device);
  const decay = jit((xs: Tensor, rate: number) =>
    fromNode(
      scan(([h], [x]) => ({ carry: [add(mul(h!, rate), x!)], outputs: [] }), [tensor([1, 1]).node], [xs.node])
        .carry[0]!,
    ),
  );
  const rows = [
    [1, 2],
    [3, 4],
    [5, 6],
  ];
  for (const rate of [0.3, 0.7, 0.25]) {
    const got = [...decay(tensor(rows), rate).dataSync()];
    got.forEach((g, i) => {
      expect(g).toBeCloseTo(
        rows.reduce((h, row) => h * rate + row[i]!, 1),
        5,
      );
    });
  }
});

it.each(["reference", "wasm"])("a number may stand inside and outside of a loop: %s", (device) => {
  setDevice(device);
  for (const rate of [0.3, 0.7]) {
    const number = full([2], rate).node;
    const step = scan(([h]) => ({ carry: [mul(h!, number)], outputs: [] }), [add(tensor([1, 1]).node, number)], [], 2);
    for (const value of fromNode(step.carry[0]!).dataSync()) expect(value).toBeCloseTo((1 + rate) * rate ** 2, 6);
  }
});
