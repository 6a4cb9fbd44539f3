import { expect, it } from "vitest";
import { assign } from "./assign.ts";
import { onEachDevice } from "./devices.testing.ts";
import { jit } from "./jit.ts";
import { tensor } from "./create.ts";
import { buffer, parameter } from "../nn/state.ts";
import { fromNode } from "./tensor.ts";

onEachDevice(() => {
  it("an update may read its own cell at other places", () => {
    const w = parameter(
      tensor(
        Float32Array.from({ length: 64 }, (_, i) => i),
        [8, 8],
      ),
    );
    const transposed = [...w.T.dataSync()];
    assign([{ cell: w.cell, value: fromNode(w.cell.leaf()).transpose(0, 1).node }]);
    expect([...w.dataSync()]).toEqual(transposed);
  });
  it("updates read the versions before all of them: two cells can change places", () => {
    const [a, b] = [parameter(tensor(Float32Array.of(1, 2), [2])), parameter(tensor(Float32Array.of(3, 4), [2]))];
    const swap = (): void =>
      assign([
        { cell: a.cell, value: b.cell.leaf() },
        { cell: b.cell, value: a.cell.leaf() },
      ]);
    swap();
    expect([[...a.dataSync()], [...b.dataSync()]]).toEqual([
      [3, 4],
      [1, 2],
    ]);
    const traced = jit(swap);
    for (let i = 0; i < 3; i++) traced();
    expect([[...a.dataSync()], [...b.dataSync()]]).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });
  it("a version read before a traced function keeps its value inside", () => {
    const state = buffer(tensor(Float32Array.of(1, 2), [2]));
    const old = state.detach();
    const step = jit(() => {
      assign([{ cell: state.cell, value: state.add(1).node }]);
      return old.mul(1);
    });
    for (let i = 0; i < 3; i++) expect([...step().dataSync()]).toEqual([1, 2]);
    expect([...state.dataSync()]).toEqual([4, 5]);
  });
  it("a tensor made before its parameter was frozen keeps its value", () => {
    const w = parameter(tensor(Float32Array.of(1, 2), [2]));
    const doubled = w.mul(2);
    w.requiresGrad = false;
    w.cell.set(Float32Array.of(5, 6));
    expect([...doubled.dataSync()]).toEqual([2, 4]);
  });
});
