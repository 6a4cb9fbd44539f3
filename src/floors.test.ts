// Keeps the walls of the house: a file imports from its own floor and from floors below it, and only platform/ (and
// the command line) knows that Node exists.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseAst } from "vitest/node";
import manifest from "../package.json" with { type: "json" };

/** Bottom up. */
const floors = [
  "platform",
  "core",
  "ir",
  "graph",
  "device",
  "compiler",
  "tensor",
  "nn",
  "optim",
  "formats",
  "data",
  "train",
  "layers",
  "distributed",
  "serve",
  "cli",
];

interface Import {
  /** The module as it stands in the source. */
  readonly module: string;
  /** Erased when the program is built. */
  readonly typeOnly: boolean;
  /** Loaded when the program comes by, with `import()`. */
  readonly late: boolean;
}

/** Where a file's words reach beyond it. */
interface Reach {
  readonly imports: readonly Import[];
  /** Mentions of Node's globals. */
  readonly nodeGlobals: readonly string[];
}

/** The fields read here of a node of the syntax tree (ESTree with TypeScript). */
interface SyntaxNode {
  readonly type: string;
  readonly name?: string;
  readonly value?: unknown;
  readonly computed?: boolean;
  readonly id?: SyntaxNode;
  readonly local?: SyntaxNode;
  readonly object?: SyntaxNode;
  readonly property?: SyntaxNode;
  readonly importKind?: string;
  readonly exportKind?: string;
  readonly source?: SyntaxNode;
  readonly specifiers?: readonly SyntaxNode[];
}

const nodeGlobals = ["process", "Buffer", "require", "__dirname", "__filename", "NodeJS"];

/** Fields that hold a name the file gives, not one it uses: `x.process`, `{ process: 1 }`. */
const namePositions: Readonly<Record<string, string>> = {
  MemberExpression: "property",
  Property: "key",
  PropertyDefinition: "key",
  MethodDefinition: "key",
  TSPropertySignature: "key",
  TSMethodSignature: "key",
};

/** Reads what a file imports (static, dynamic, re-exported and in types) and which of Node's globals it names. */
function reachOf(source: string): Reach {
  const imports: Import[] = [];
  const used = new Set<string>();
  const declared = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const node = value as SyntaxNode;
    if (typeof node.source?.value === "string") {
      const every = node.specifiers?.length ? node.specifiers : [node];
      const typeOnly =
        node.type === "TSImportType" ||
        [node.importKind, node.exportKind].includes("type") ||
        every.every((part) => [part.importKind, part.exportKind].includes("type"));
      imports.push({ module: node.source.value, typeOnly, late: node.type === "ImportExpression" });
    }
    if (node.type === "Identifier") used.add(node.name!);
    if (node.object?.name === "globalThis" && node.property?.name) used.add(node.property.name);
    for (const own of [node.id, node.local]) if (own?.name) declared.add(own.name);
    const skipped = node.computed ? undefined : namePositions[node.type];
    for (const [field, child] of Object.entries(node)) if (field !== skipped) visit(child);
  };
  visit(parseAst(source, { lang: "ts" }));
  return { imports, nodeGlobals: nodeGlobals.filter((name) => used.has(name) && !declared.has(name)) };
}

const src = dirname(fileURLToPath(import.meta.url));

/** Every source file by its path from src/; tests, their helpers and programs for the type checker may look anywhere. */
const files: ReadonlyMap<string, Reach> = new Map(
  readdirSync(src, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".ts") && !/\.(test|testing|check)\.ts$/.test(path))
    .map((path) => [path, reachOf(readFileSync(join(src, path), "utf8"))]),
);

/** The packages that users may have or not: loaded when they are needed, with `optionalPackage`. */
const isOptionalPackage = (module: string): boolean =>
  Object.keys(manifest.peerDependencies).some((name) => module === name || module.startsWith(`${name}/`));

/** The floors of what package.json's `imports` choose between Node and browsers. */
const CHOSEN: Readonly<Record<string, string>> = { "#platform": "platform", "#native": "device" };

/** "device" for "device/wasm/heap.ts". */
const floorOf = (path: string): string => path.split("/")[0];

/** Why this import breaks a rule, or `undefined`. */
function breach(path: string, { module, typeOnly }: Import): string | undefined {
  const floor = floorOf(path);
  const target = module.startsWith(".")
    ? relative(src, join(src, dirname(path), module)).replaceAll("\\", "/")
    : module;
  const from = CHOSEN[module] ?? (module.startsWith(".") ? floorOf(target) : undefined);
  // What is not a file of ours is Node's or a package's: checked below.
  if (from === undefined || from === floor || path === "index.ts") return undefined;
  if (floor === "scalar") return `${path}: the teaching engine imports nothing, but names ${module}`;
  if (!floors.includes(from)) return `${path}: ${target} stands on no floor`;
  if (floors.indexOf(from) > floors.indexOf(floor)) {
    return `${path}: ${floor} stands below ${from}, but imports ${target}`;
  }
  if (from === "platform" && module !== "#platform" && target !== "platform/platform.ts") {
    return `${path}: import "#platform", so that bundlers choose, and not ${target}`;
  }
  if (target.startsWith("device/native/") && from !== floor) {
    return `${path}: import "#native", so that bundlers choose, and not ${target}`;
  }
  if (floor === "compiler" && from === "device" && !(target === "device/device.ts" && typeOnly)) {
    return `${path}: the compiler knows devices as types from device/device.ts only, but imports ${target}`;
  }
  return undefined;
}

describe("floors", () => {
  it("every file stands on a known floor", () => {
    const strays = [...files.keys()].filter(
      (path) => path !== "index.ts" && ![...floors, "scalar"].includes(floorOf(path)),
    );
    expect(strays).toEqual([]);
  });

  it("files import from their own floor and from floors below", () => {
    const breaches = [...files].flatMap(([path, { imports }]) => imports.map((item) => breach(path, item)));
    expect(breaches.filter((text) => text !== undefined)).toEqual([]);
  });

  it("nothing but platform/ and cli/ knows Node, and packages are optional", () => {
    const mentions = [...files].flatMap(([path, { imports, nodeGlobals }]) => {
      const outside = imports.filter(
        ({ module, typeOnly, late }) =>
          !module.startsWith(".") && !(module in CHOSEN) && !((typeOnly || late) && isOptionalPackage(module)),
      );
      return [...outside.map(({ module }) => `${path}: ${module}`), ...nodeGlobals.map((name) => `${path}: ${name}`)];
    });
    expect(mentions.filter((text) => !["platform", "cli"].includes(floorOf(text)))).toEqual([]);
  });
});

describe("the test itself", () => {
  it("sees every kind of import", () => {
    const { imports } = reachOf(`
      import a, { type B } from "./a.ts";
      import type { C } from "./c.ts";
      import { type D, type E } from "./d.ts";
      import "./e.ts";
      export * from "./f.ts";
      export { g } from "./g.ts";
      export type { H } from "./h.ts";
      type I = import("./i.ts").I;
      const j = await import("./j.ts"); // import "./no.ts"
      const text = 'import "./no.ts"';
    `);
    expect(imports.filter(({ late }) => late).map(({ module }) => module)).toEqual(["./j.ts"]);
    expect(imports.filter(({ typeOnly }) => typeOnly).map(({ module }) => module[2])).toEqual(["c", "d", "h", "i"]);
    expect(imports.filter(({ typeOnly }) => !typeOnly).map(({ module }) => module[2])).toEqual([
      "a",
      "e",
      "f",
      "g",
      "j",
    ]);
  });

  it("sees Node's globals and not their namesakes", () => {
    const named = (source: string): readonly string[] => reachOf(source).nodeGlobals;
    expect(named("if (process.env.X) f(Buffer.from(y)); let t: NodeJS.Timeout;")).toEqual([
      "process",
      "Buffer",
      "NodeJS",
    ]);
    expect(named("globalThis.process?.versions")).toEqual(["process"]);
    expect(named("x.process(); class A { process(): void {} } // process.exit")).toEqual([]);
    expect(named('import type { Buffer } from "./kernel.ts"; const process = (b: Buffer) => b; process();')).toEqual(
      [],
    );
  });

  it("refuses what breaks a rule", () => {
    const value = (module: string): Import => ({ module, typeOnly: false, late: false });
    const type = (module: string): Import => ({ module, typeOnly: true, late: false });
    expect(breach("ir/print.ts", value("../core/dtype.ts"))).toBeUndefined();
    expect(breach("ir/print.ts", value("../graph/node.ts"))).toContain("ir stands below graph");
    expect(breach("scalar/scalar.ts", value("../core/dtype.ts"))).toContain("imports nothing");
    expect(breach("compiler/fuse.ts", type("../device/device.ts"))).toBeUndefined();
    expect(breach("compiler/fuse.ts", value("../device/device.ts"))).toContain("as types");
    expect(breach("compiler/fuse.ts", type("../device/wasm/wasm.ts"))).toContain("as types");
    expect(breach("core/config.ts", value("#platform"))).toBeUndefined();
    expect(breach("core/config.ts", value("../platform/node.ts"))).toContain('import "#platform"');
    expect(breach("tensor/engine.ts", value("#native"))).toBeUndefined();
    expect(breach("tensor/engine.ts", value("../device/native/device.ts"))).toContain('import "#native"');
    expect(breach("nn/linear.ts", value("../scalar/index.ts"))).toContain("on no floor");
    expect(breach("index.ts", value("./layers/index.ts"))).toBeUndefined();
  });
});
