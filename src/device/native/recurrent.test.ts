// Loops whose rows go their own ways: every thread runs all repetitions of its own rows. What comes out is the same bits
// as on one thread, and what mixes rows is not cut.
import { describe, expect, test } from "vitest";
import * as nn from "../../nn/index.ts";
import { grad } from "../../tensor/autodiff.ts";
import { tensor } from "../../tensor/create.ts";
import { spread } from "../../tensor/devices.testing.ts";
import { registerDevice, setDevice } from "../../tensor/engine.ts";
import { loop } from "../../tensor/loop.ts";
import { manualSeed } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { FORK } from "../cpu/tape.ts";
import { NativeDevice } from "./device.ts";
import { NEEDS_COMPILER, toolchain } from "./native.testing.ts";

/** Native code with so many threads; knows whether any of its programs let threads go their own ways. */
class Watched extends NativeDevice {
  forked = false;

  constructor(threads: number) {
    super({ threads, runsBefore: 0, name: `native with ${threads} threads` });
  }

  protected override rewrite(...args: Parameters<NativeDevice["rewrite"]>): void {
    super.rewrite(...args);
    const [{ layout }] = args;
    const { from, to } = layout.tape;
    for (let at = from / 4; at < to / 4; at += 4) this.forked ||= layout.words[at] === FORK;
  }
}

const numbers = (shape: readonly number[], seed: number): Tensor =>
  tensor(
    Float32Array.from(
      spread(
        shape.reduce((a, b) => a * b, 1),
        seed,
      ),
    ),
    [...shape],
  );

/** Results on 1, 2, 3 and 4 threads, and whether threads went their own ways. */
function onThreads(run: () => Tensor[]): { bits: Buffer[][]; forked: boolean[] } {
  const devices = [1, 2, 3, 4].map((threads) => new Watched(threads));
  const bits = devices.map((device) => {
    registerDevice(device.name, () => device);
    setDevice(device.name);
    manualSeed(1);
    return run().map((x) => Buffer.from(x.dataSync().buffer));
  });
  setDevice("wasm");
  return { bits, forked: devices.map((device) => device.forked) };
}

function same(bits: readonly (readonly Buffer[])[]): void {
  for (const found of bits.slice(1)) expect(found.map((b, i) => b.equals(bits[0]![i]!))).toEqual(found.map(() => true));
}

describe.skipIf(!toolchain)(`threads of native code${NEEDS_COMPILER}`, () => {
  const networks = {
    LSTM: () => new nn.LSTM(24, 40, { batchFirst: true }),
    GRU: () => new nn.GRU(24, 40, { batchFirst: true }),
    RNN: () => new nn.RNN(24, 40, { batchFirst: true }),
  };
  for (const [name, make] of Object.entries(networks))
    test(`an ${name}'s rows go their own ways, forwards and backwards`, () => {
      const { bits, forked } = onThreads(() => {
        const network = make();
        const x = numbers([24, 17, 24], 1);
        const [outputs] = network.forward(x) as unknown as [Tensor];
        outputs.square().sum().backward();
        return [outputs, ...network.parameters().map((p) => p.grad!)];
      });
      same(bits);
      expect(forked).toEqual([false, true, true, true]);
    });

  test("a batch that cannot be shared out evenly is not cut", () => {
    const { bits, forked } = onThreads(() => {
      const [outputs] = new nn.LSTM(24, 40, { batchFirst: true }).forward(numbers([7, 17, 24], 1)) as unknown as [
        Tensor,
      ];
      return [outputs];
    });
    same(bits);
    expect(forked).toEqual([false, false, false, false]);
  });

  test("rows that read others are not cut", () => {
    const { bits, forked } = onThreads(() => {
      const w = numbers([64, 64], 2);
      const step = (h: Tensor): Tensor => h.matmul(w).mul(0.1).sub(h.mean(0, true)).tanh();
      const xs = numbers([20, 32, 64], 4);
      const loss = (start: Tensor): Tensor => {
        const { state } = loop(20, [start], [xs], ([h], _, [x]) => ({ state: [step(h!).add(x!)], outputs: [] }));
        return state[0]!.sum();
      };
      const start = numbers([32, 64], 3);
      return [loss(start), grad(loss)(start)];
    });
    same(bits);
    expect(forked).toEqual([false, false, false, false]);
  });
});
