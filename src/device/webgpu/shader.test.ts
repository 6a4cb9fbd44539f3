import { describe, expect, test } from "vitest";
import type { DType } from "../../core/dtype.ts";
import { DeviceError } from "../../core/errors.ts";
import { KERNELS, type KernelCase } from "./kernels.testing.ts";
import { renderShader, shaderError, type ShaderLayout } from "./shader.ts";

const FEATURES = { f16: false, subgroups: false };

const globalsOf = ({ kernel }: KernelCase): readonly DType[] =>
  kernel.buffers.filter((b) => b.space === "global").map((b) => b.dtype);

/** Each buffer its own binding. */
const plain = (one: KernelCase): ShaderLayout => ({
  bindings: globalsOf(one).map((_, i) => i),
  based: globalsOf(one).map(() => false),
});

describe("WGSL of", () => {
  for (const [name, make] of Object.entries(KERNELS))
    test(`[D12] ${name}`, async () => {
      const one = make();
      const { code, workgroupSize } = renderShader(one.kernel, plain(one), FEATURES);
      expect(workgroupSize).toBe(32);
      await expect(code).toMatchFileSnapshot(`snapshots/${name}.wgsl`);
    });

  test("halves where f16 is", async () => {
    const one = KERNELS["halves"]!();
    const { code } = renderShader(one.kernel, plain(one), { ...FEATURES, f16: true });
    await expect(code).toMatchFileSnapshot("snapshots/halves-f16.wgsl");
  });
});

test("a shader that does not compile is named, with its line", () => {
  const messages = [{ type: "error", message: "unresolved value 'y'", lineNum: 2, linePos: 11 }];
  const error = shaderError("exp, add", "fn main() {\n  let x = y;\n}", messages);
  expect(error).toBeInstanceOf(DeviceError);
  expect(error.message).toContain(
    "webgpu: the shader of exp, add does not compile: unresolved value 'y', in line 2 of its WGSL, column 11: let x = y;",
  );
});
