import { describe, expect, test } from "vitest";
import { jit } from "../../tensor/jit.ts";
import { tensor } from "../../tensor/create.ts";
import { fit } from "../fit.ts";
import { losses, nn, optim, randn, zeros } from "../../index.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { Reel } from "./reel.ts";

describe("rows that steps leave on the device", () => {
  test("are taken in order, also where steps of several programs take turns", async () => {
    const reel = new Reel();
    const step = jit((x: Tensor) => reel.add(`rows of ${x.size}`, x));
    const added: number[][] = [];
    const leave = (...numbers: number[]): void => {
      added.push(numbers);
      step(tensor(Int32Array.from(numbers)));
    };
    for (let round = 0; round < 5; round++) {
      added.length = 0;
      const count = round === 3 ? 1 : 8;
      for (let i = 0; i < count; i++) {
        if (i % 3 === 1) leave(round, i, -1);
        else leave(round, i);
      }
      const frames = await reel.take(count);
      expect(frames.map(({ numbers }) => [...numbers])).toEqual(added);
      expect(frames.map(({ strip }) => strip)).toEqual(added.map(({ length }) => `rows of ${length}`));
    }
  });

  test("are as many as there is room for", () => {
    const reel = new Reel();
    expect(reel.rows).toBe(8);
    const step = jit((x: Tensor) => reel.add("long", x));
    step(zeros([2 ** 16], { dtype: "i32" }));
    expect(reel.rows).toBe(1);
  });

  test("stay where the step was not accepted", async () => {
    const reel = new Reel();
    const model = new nn.Linear(2, 1);
    let seen = 0;
    await fit(model, [[randn([4, 2]), randn([4, 1])]], {
      optimizer: new optim.SGD(model.parameters(), { lr: 0.1 }),
      loss: losses.mse,
      display: false,
      epochs: 3,
      callbacks: [
        {
          name: "never",
          watch: {
            every: 1,
            accept: "accepted",
            trace: ({ loss }) => ({ accepted: loss.lt(0), row: loss.reshape([1]).mul(0).cast("i32") }),
            keep: ({ row }) => reel.add("losses", row!),
            see(values) {
              expect(values).toEqual({});
              seen++;
            },
          },
        },
      ],
    });
    expect(seen).toBe(3);
    expect((await reel.take(3)).map(({ numbers }) => [...numbers])).toEqual([[0], [0], [0]]);
  });
});
