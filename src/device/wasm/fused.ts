/** Multiplication and addition in one step: relaxed SIMD, where the engine has it. */
import { enableRelaxedSimd } from "#platform";
import { ModuleBuilder, type FunctionBuilder, type Local } from "./assembler.ts";

/**
 * To the two vectors of f32 on the stack: their product plus `sum`. A module that may use relaxed SIMD rounds once where the
 * processor can, and always the same way on one machine; others round twice.
 */
export function multiplyAdd(module: ModuleBuilder, f: FunctionBuilder, sum: Local): FunctionBuilder {
  return module.relaxed ? f.get(sum).op("f32x4.relaxed_madd") : f.op("f32x4.mul").get(sum).op("f32x4.add");
}

/** `fused(left, right, sum)` on scalars: the smallest module that uses the instruction. */
export function fusedModule(): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder({ relaxed: true });
  const f = module.function(["f32", "f32", "f32"], ["f32"], "fused");
  const sum = f.local("v128");
  const [a, b, c] = f.params as [Local, Local, Local];
  f.get(c).op("f32x4.splat").set(sum);
  multiplyAdd(module, f.get(a).op("f32x4.splat").get(b).op("f32x4.splat"), sum).lane("f32x4.extract_lane", 0);
  return module.toBytes();
}

let known: boolean | undefined;

/** Has the engine relaxed SIMD? Asked once; where it is there but switched off, it is switched on. */
export function hasRelaxedSimd(): boolean {
  if (known === undefined) {
    const probe = fusedModule();
    known = WebAssembly.validate(probe);
    if (!known) {
      enableRelaxedSimd();
      known = WebAssembly.validate(probe);
    }
  }
  return known;
}
