/** For tests: graphs compiled and run on a device, as the suites of ops and random graphs want it. */
import { byteSize, numbersIn, stored, viewOf, type TypedArray } from "../core/dtype.ts";
import { sizeOf } from "../core/shape.ts";
import type { Device } from "./device.ts";
import type { SampleValue } from "./suite.ts";
import type { Node } from "../graph/node.ts";
import { compile } from "../compiler/compile.ts";

/** After so many programs those that were collected are freed: devices do that in tasks of their own. */
const PROGRAMS = 1000;

/** Compiles the roots into one program, runs it once, and frees what it needed. */
export function compiledOn(device: Device): (roots: readonly Node[]) => Promise<TypedArray[]> {
  let programs = 0;
  return async (roots) => {
    if (!roots.length) return [];
    if (++programs % PROGRAMS === 0) await new Promise((resolve) => setTimeout(resolve));
    const { program, structure, results } = compile({ results: roots, updates: [] });
    const memories = program.bindings.map((bytes) => device.alloc(Math.max(1, bytes)));
    structure.leaves.forEach(({ source, dtype }, i) => {
      const array = stored((source as SampleValue).array, dtype);
      device.write(memories[i]!, new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    });
    const scalars = program.scalars.map(
      (_, i) => (structure.numbers[i]?.attributes["value"] as number | undefined) ?? 0,
    );
    device.run(device.prepare(program), memories, scalars);
    const arrays = roots.map(async ({ dtype, shape }, i) => {
      const bytes = await device.read(memories[results[i]!]!, 0, sizeOf(shape) * byteSize(dtype));
      return numbersIn(viewOf(dtype, bytes.buffer, bytes.byteOffset, sizeOf(shape)), dtype);
    });
    const read = await Promise.all(arrays);
    for (const memory of memories) device.free(memory);
    return read;
  };
}
