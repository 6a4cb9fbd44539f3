/** Programs that use the library, as a bundler leaves them for pages. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
// It comes with tsdown.
import { rolldown } from "rolldown";

/** What is left of a program. */
export interface Bundle {
  readonly code: string;
  /** Characters by module, of what was kept. Minified code keeps no record of its modules. */
  readonly modules: ReadonlyMap<string, number>;
}

export interface BundleOptions {
  /** The folder of package.json. */
  readonly root: string;
  /** The package as it is published, the default, or what it is built from. */
  readonly from?: "dist" | "src";
  readonly minify?: boolean;
  /** Where it will run; a page by default. */
  readonly platform?: "browser" | "node";
}

/** The fields of package.json that say what file a name is. */
interface Manifest {
  readonly exports: Readonly<Record<string, { readonly default: string }>>;
  readonly imports: Readonly<Record<string, { readonly default: string; readonly node: string }>>;
}

/** Bundles a program, without what it does not use. */
export async function bundle(
  program: string,
  { root, from = "dist", minify = true, platform = "browser" }: BundleOptions,
): Promise<Bundle> {
  const { exports, imports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
  const fileOf = (id: string): string | undefined => {
    const file = id.startsWith("#")
      ? imports[id]?.[platform === "node" ? "node" : "default"]
      : exports[id.replace(/^myelin(?=\/|$)/, ".")]?.default;
    return from === "dist" ? file : file?.replace("/dist/", "/src/").replace(/\.js$/, ".ts");
  };
  const build = await rolldown({
    input: "entry",
    platform,
    // This project's own settings send every import to the sources and to Node.
    tsconfig: false,
    plugins: [
      {
        name: "package",
        resolveId(id) {
          if (id === "entry") return id;
          const file = fileOf(id);
          // As package.json says of every module.
          return file === undefined ? null : { id: join(root, file), moduleSideEffects: false };
        },
        load: (id) => (id === "entry" ? program : null),
      },
    ],
  });
  const { output } = await build.generate({ format: "esm", minify, codeSplitting: false });
  await build.close();
  const [chunk] = output;
  const modules = Object.entries(chunk.modules).map(([id, { renderedLength }]) => [id, renderedLength] as const);
  return { code: chunk.code, modules: new Map(modules) };
}

/** What a page downloads. */
export const kilobytes = (code: string): number => Number((gzipSync(code, { level: 9 }).length / 1000).toFixed(1));

/** Tensors, autodiff, compiler and wasm. */
export const CORE = 'import { tensor, jit, grad } from "myelin"; console.log(tensor, jit, grad);';

export const EVERYTHING = 'export * from "myelin";';

/** One step of a dense layer, by these names for its parts. */
const dense = (imports: string, linear: string, sgd: string): string => `
  ${imports}
  const model = new ${linear}(3, 4);
  const optimizer = new ${sgd}(model.parameters(), { lr: 0.1 });
  model.forward(tensor([[1, 2, 3]])).square().mean().backward();
  optimizer.step();
  console.log(model.weight.toString());`;

/** By the names that users know. */
export const DENSE: string = dense('import { nn, optim, tensor } from "myelin";', "nn.Linear", "optim.SGD");

/** The same from namespaces of their own. */
export const DENSE_OF_FACES: string = dense(
  'import { tensor } from "myelin"; import * as nn from "myelin/nn"; import * as optim from "myelin/optim";',
  "nn.Linear",
  "optim.SGD",
);

/** The same from the files that define its parts: nothing is smaller. */
export const denseAlone = (root: string): string => {
  const of = (name: string, path: string): string =>
    `import { ${name} } from ${JSON.stringify(join(root, "src", path))};`;
  return dense(
    of("tensor", "tensor/create.ts") + of("Linear", "nn/linear.ts") + of("SGD", "optim/sgd.ts"),
    "Linear",
    "SGD",
  );
};
