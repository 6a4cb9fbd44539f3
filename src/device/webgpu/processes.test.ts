/** WebGPU in processes as they are outside of tests: the package as it is published, how it ends, and what is missing. */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "tsdown";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import configs from "../../../tsdown.config.ts";
import { hasWebGpu } from "./webgpu.testing.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

interface Ended {
  /** The exit status, or the signal that ended it. */
  readonly code: unknown;
  readonly out: string;
  readonly error: string;
}

describe("a process", () => {
  const folder = mkdtempSync(join(tmpdir(), "myelin-webgpu-"));
  const installed = join(folder, "node_modules", "myelin");
  beforeAll(async () => {
    mkdirSync(installed, { recursive: true });
    cpSync(join(root, "package.json"), join(installed, "package.json"));
    await build({
      ...configs[0],
      config: false,
      logLevel: "silent",
      dts: false,
      cwd: root,
      outDir: join(installed, "dist"),
    });
    // Its own folder, so that the package can be seen there or not.
    mkdirSync(join(folder, "with", "node_modules"), { recursive: true });
    symlinkSync(installed, join(folder, "with", "node_modules", "myelin"));
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> =>
    new Promise((resolve) => {
      execFile(
        process.execPath,
        [...args],
        { timeout: 50_000, cwd: folder, env: { ...process.env, MYELIN_DEVICE: "cpu", ...environment } },
        (error, out, told) => resolve({ code: error ? (error.signal ?? error.code) : 0, out, error: told }),
      );
    });
  /** Runs a script with Myelin's names; the package `webgpu` is where it was linked. */
  const script = (body: string, environment?: Readonly<Record<string, string>>): Promise<Ended> => {
    const file = join(folder, "script.mjs");
    writeFileSync(
      file,
      `import { setDevice, tensor, jit, describeDevices, DeviceError } from "myelin";
      const step = jit((x) => x.mul(1.0001).add(1).tanh());
      ${body}`,
    );
    return run(["--expose-gc", file], environment);
  };
  const link = (): void => {
    rmSync(join(folder, "node_modules", "webgpu"), { recursive: true, force: true });
    symlinkSync(join(root, "node_modules", "webgpu"), join(folder, "node_modules", "webgpu"));
  };

  test("without the package says how to install it", async () => {
    const { code, out } = await script(`
      setDevice("webgpu");
      const error = await step(tensor([1, 2])).data().catch((error) => error);
      console.log(error instanceof DeviceError, error.message);`);
    expect(out).toMatch(
      /^true webgpu: in Node WebGPU comes with the package webgpu, which could not be loaded \(.*\)\. Run: npm install webgpu/,
    );
    expect(code).toBe(0);
  });

  test("without a driver says what is missing", async () => {
    link();
    const { code, out } = await script(
      `
      setDevice("webgpu");
      const error = await step(tensor([1, 2])).data().catch((error) => error);
      console.log(error instanceof DeviceError, error.message);
      const late = await tensor([1]).add(1).data().catch((error) => error);
      console.log(late instanceof DeviceError, late.message.startsWith(error.message));
      const [report] = (await describeDevices()).filter(({ name }) => name === "webgpu");
      console.log(report.available, report.about === error.message);`,
      { VK_ICD_FILENAMES: "/nowhere/driver.json" },
    );
    if (process.platform === "linux")
      expect(out).toMatch(
        /^true webgpu: no GPU was found.* VK_ICD_FILENAMES names \/nowhere\/driver\.json, which is not there; setDevice\("cpu"\)/,
      );
    expect(out.split("\n").slice(1, 3)).toEqual(["true true", "false true"]);
    expect(code).toBe(0);
  });

  test("`myelin doctor` says which devices there are", async () => {
    link();
    const doctor = join(installed, "dist", "cli", "main.js");
    const { code, out } = await run([doctor, "doctor"]);
    expect(out).toMatch(/^Myelin \d/);
    expect(out).toMatch(/^yes {2}cpu \(current\): /m);
    expect(out).toMatch(/^yes {2}wasm: WebAssembly, \d+ threads?\n {5}\d+ threads?, largest tensor .*, f64$/m);
    expect(out).toMatch(
      hasWebGpu ? /^yes {2}webgpu: WebGPU: .*\n {5}1 thread, .*, no f64/m : /^no {3}webgpu: no GPU was found/m,
    );
    expect(code).toBe(0);
    expect(await run([doctor, "doktor"])).toMatchObject({ code: 1, out: expect.stringMatching(/^myelin doctor/) });
  });

  test.skipIf(!hasWebGpu)("with a GPU that refuses to be opened says what it is and what to try", async () => {
    const wrapped = join(folder, "node_modules", "webgpu");
    rmSync(wrapped, { recursive: true, force: true });
    mkdirSync(wrapped);
    writeFileSync(join(wrapped, "package.json"), JSON.stringify({ name: "webgpu", type: "module", main: "index.js" }));
    // The GPU's own refusal: an adapter opens one device, and here it has opened that already.
    writeFileSync(
      join(wrapped, "index.js"),
      `import { create as open } from ${JSON.stringify(pathToFileURL(join(root, "node_modules/webgpu/index.js")).href)};
      export const create = (options) => {
        const gpu = open(options);
        const requestAdapter = async (wanted) => {
          const adapter = await gpu.requestAdapter(wanted);
          globalThis.kept = [gpu, await adapter.requestDevice()];
          return adapter;
        };
        return { requestAdapter };
      };`,
    );
    const { code, out } = await script(`
      setDevice("webgpu");
      const error = await step(tensor([1, 2])).data().catch((error) => error);
      console.log(error instanceof DeviceError, error.message);
      setDevice("cpu");
      console.log((await step(tensor([0])).data())[0].toFixed(4));
      process.exit(0);`);
    expect(out).toMatch(
      /^true webgpu: .+ was found, but refuses to be opened \(.*consumed.*\). Close other programs or pages that use it, reload, and update its driver; setDevice\("cpu"\) runs the same programs\..*\n0\.7616\n$/s,
    );
    expect(code).toBe(0);
  });

  describe.skipIf(!hasWebGpu)("with a GPU", () => {
    const busy = `
      setDevice("webgpu");
      let x = step(tensor(new Float32Array(10000)));
      for (let k = 0; k < 20; k++) x = step(x);`;

    test.each([
      ["when all is done", "console.log((await x.data())[0].toFixed(3));", 0, /^0\.\d+/],
      ["when nobody waits for what it computes", "console.log('end');", 0, /^end/],
      [
        "at once, in mid-work",
        "await step(x).data(); for (let k = 0; k < 50; k++) x = step(x); process.exit(7);",
        7,
        /^$/,
      ],
      [
        "by an error that nobody caught",
        "await x.data(); setTimeout(() => { throw new Error('mine'); }); step(x);",
        1,
        /^$/,
      ],
      ["while reading", "void x.data(); process.exit(3);", 3, /^$/],
    ])("ends %s", async (_, body, code, out) => {
      link();
      const ended = await script(busy + body);
      expect(ended).toMatchObject({ code });
      expect(ended.out).toMatch(out);
    });

    test("collects what is not needed, and nothing that is", async () => {
      link();
      const { code, out } = await script(`
        setDevice("webgpu");
        for (let k = 0; k < 5; k++) {
          const x = step(tensor([k, 0.5]));
          globalThis.gc();
          await new Promise((resolve) => setTimeout(resolve, 20));
          console.log((await x.data())[1].toFixed(4));
        }`);
      expect({ code, out }).toEqual({ code: 0, out: "0.9052\n".repeat(5) });
    });
  });
});
