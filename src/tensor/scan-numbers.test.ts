import { expect, it } from "vitest";
import { scan } from "../graph/ops/scan.ts";
import { tensor } from "./create.ts";
import { add, mul } from "./functional/arithmetic.ts";
import { jit } from "./jit.ts";
import { fromNode, type Tensor } from "./tensor.ts";

it("a number inside a loop's step is handed over at each call", () => {
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
