import { expect, it } from "vitest";
import { tensor } from "./create.ts";
import { scan } from "../graph/ops/scan.ts";
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
  const xs = tensor([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
  for (const rate of [0.3, 0.7, 0.25]) {
    const want = [1, 2].map((_, i) => xs.toArraySync().reduce((h: number, row) => h * rate + (row as number[])[i]!, 1));
    const got = [...decay(xs, rate).dataSync()];
    got.forEach((g, i) => expect(g).toBeCloseTo(want[i]!, 5));
  }
});
