/**
 * Kernels as compute shaders. All bindings are of group 0: the storage that the layout names; then a uniform with the
 * launch's words, which are its scalars, its sizes and a word that is 0; then, where the layout has a place, another one with
 * the place's: the first workgroup, the end of those that run, and where in their bindings buffers begin.
 */
import { DeviceError } from "../../core/errors.ts";
import type { Expression } from "../../ir/expression.ts";
import { folder } from "../../ir/fold.ts";
import type { Loop, LoopKernel, Statement } from "../../ir/kernel.ts";
import { expandMathematics } from "../../ir/mathematics.ts";
import { mapStatements } from "../../ir/rewrite.ts";
import { unrollLoops } from "../../ir/unroll.ts";
import type { GpuLaunch, GridKernel } from "../gpu/kernel.ts";
import { Lines } from "../render/values.ts";
import { Elements, isPlaced, type ShaderLayout } from "./elements.ts";
import { helperSources } from "./prelude.ts";
import { renderStatements, ShaderValues } from "./statements.ts";
import { isVectorLoop, spreadVectors } from "./vectors.ts";
import { Wgsl } from "./wgsl.ts";

export { isPlaced, type ShaderLayout } from "./elements.ts";

/** What the device has beyond WGSL's least. */
export interface ShaderFeatures {
  readonly f16: boolean;
}

export interface Shader {
  /** WGSL; the entry point is `main`. */
  readonly code: string;
  readonly workgroupSize: number;
}

/** Most workgroups along one dimension of a dispatch. */
export const MOST_WORKGROUPS = 65_535;

/** The shader of a kernel. */
export function renderShader(kernel: GridKernel, layout: ShaderLayout, features: ShaderFeatures): Shader {
  const dialect = new Wgsl(features.f16);
  const { body, buffers } = unrollLoops(writtenOut(expandMathematics(kernel, { f16: features.f16 })));
  const fold = folder();
  const parts = spreadVectors(mapStatements(body, fold), fold);
  const [grid] = parts.body as [Loop];
  const [threads] = grid.body as [Loop];
  const workgroupSize = threads.extent as number;
  const elements = new Elements(buffers, grid.body, parts, layout, dialect);
  const lines = new Lines();
  const values = new ShaderValues(lines, dialect, elements);
  values.learn(grid.body);
  const main = (): void => {
    lines.push(...parametersOf(kernel));
    placeWorkgroup(lines, values, grid, isPlaced(layout));
    const thread = values.fresh("i");
    lines.push(`let ${thread} = i32(thread);`);
    values.bind(threads.index, thread);
    lines.push(...elements.registers());
    renderStatements(values, threads.body);
  };
  lines.block(
    `@compute @workgroup_size(${workgroupSize})\nfn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32)`,
    main,
  );
  const count = storageBindings(layout);
  const head = [
    ...(dialect.usesF16 ? ["enable f16;\n"] : []),
    ...(dialect.usesSubgroups ? ["enable subgroups;\n"] : []),
    ...structOf(kernel),
    ...(isPlaced(layout) ? placeOf(elements.bases()) : []),
    ...elements.declarations(),
    `@group(0) @binding(${count}) var<uniform> launch: Launch;`,
    ...(isPlaced(layout) ? [`@group(0) @binding(${count + 1}) var<uniform> place: Place;`] : []),
    "",
    ...helperSources(dialect.helpers),
    ...elements.functions(),
  ];
  return { code: `${head.join("\n")}\n${lines.toString()}`, workgroupSize };
}

/** The shaders of a launch, one after another, for people. */
export function launchCode({ passes }: GpuLaunch, features: ShaderFeatures): string {
  return passes
    .map(({ kernel, workgroups }, i) => {
      const globals = kernel.buffers.filter((b) => b.space === "global");
      const layout = { bindings: globals.map((_, b) => b), based: globals.map(() => false) };
      const about = `// ${passes.length > 1 ? `pass ${i + 1} of ${passes.length}, ` : ""}${workgroups} ${workgroups === 1 ? "workgroup" : "workgroups"}`;
      return `${about}\n${renderShader(kernel, layout, features).code}`;
    })
    .join("\n");
}

/** Vector loops that are more than accesses of memory and arithmetic are run one iteration after another. */
function writtenOut(kernel: LoopKernel): LoopKernel {
  const each = (s: Statement): Statement => {
    if (s.kind === "if") return { ...s, body: s.body.map(each) };
    if (s.kind !== "loop") return s;
    return { ...s, axis: s.axis === "vector" && !isVectorLoop(s) ? "unroll" : s.axis, body: s.body.map(each) };
  };
  return { ...kernel, body: kernel.body.map(each) };
}

/** How many bindings of storage a layout has. */
export const storageBindings = ({ bindings, windows }: ShaderLayout): number =>
  Math.max(0, ...bindings.map((binding, i) => binding + (windows?.[i] ?? 1)));

const member = (name: string, type: string): string => `  ${name}: ${type},`;

/** The words of a place. */
const placeOf = (bases: readonly string[]): string[] => [
  "struct Place {",
  ...["first", "end", ...bases].map((name) => member(name, "u32")),
  "}\n",
];

/** The words of a launch. */
function structOf({ parameters: { scalars, sizes } }: LoopKernel): string[] {
  return [
    "struct Launch {",
    ...scalars.map((dtype, slot) => member(`s${slot}`, dtype === "f32" || dtype === "i32" ? dtype : "u32")),
    ...Array.from({ length: sizes }, (_, k) => member(`s${scalars.length + k}`, "i32")),
    member("zero", "u32"),
    "}\n",
  ];
}

function parametersOf({ parameters: { scalars, sizes } }: LoopKernel): string[] {
  return Array.from({ length: scalars.length + sizes }, (_, slot) =>
    scalars[slot] === "bool" ? `let s${slot} = launch.s${slot} != 0u;` : `let s${slot} = launch.s${slot};`,
  );
}

/** The number of the workgroup; those beyond the last, of a dispatch in two dimensions, have nothing to do. */
function placeWorkgroup(lines: Lines, values: ShaderValues, { index, extent }: Loop, placed: boolean): void {
  const name = values.fresh("i");
  values.bind(index, name);
  if (placed) {
    lines.push(
      `let ${name} = i32(place.first + workgroup.y * ${MOST_WORKGROUPS}u + workgroup.x);`,
      `if (${name} >= i32(place.end)) { return; }`,
    );
    return;
  }
  if (typeof extent === "number" && extent <= MOST_WORKGROUPS) {
    lines.push(`let ${name} = i32(workgroup.x);`);
    return;
  }
  const end = typeof extent === "number" ? String(extent) : values.scalar(extent as Expression);
  lines.push(
    `let ${name} = i32(workgroup.y * ${MOST_WORKGROUPS}u + workgroup.x);`,
    `if (${name} >= ${end}) { return; }`,
  );
}

/** What a compiler of shaders says. */
export interface ShaderMessage {
  readonly type: string;
  readonly message: string;
  /** From 1; 0 when unknown. */
  readonly lineNum: number;
  readonly linePos: number;
}

/** The error that a shader does not compile: `name` says what the kernel computes. */
export function shaderError(name: string, code: string, messages: readonly ShaderMessage[]): DeviceError {
  const first = messages.find((m) => m.type === "error") ?? messages[0];
  const line = first && first.lineNum > 0 ? code.split("\n")[first.lineNum - 1] : undefined;
  const where =
    line === undefined ? "" : `, in line ${first!.lineNum} of its WGSL, column ${first!.linePos}: ${line.trim()}`;
  return new DeviceError(
    `webgpu: the shader of ${name} does not compile: ${first?.message.split("\n")[0] ?? "no reason was given"}${where}. This is a fault of Myelin or of the driver; setDevice("wasm") runs the same program`,
  );
}
