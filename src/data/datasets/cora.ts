/** Cora: papers that cite each other, in the files of Planetoid (Yang, Cohen, Salakhutdinov 2016; kimiyoung/planetoid, tkipf/gcn). */
import { readFile } from "#platform";
import { FormatError } from "../../core/errors.ts";
import { parsePickle } from "../../formats/pickle.ts";
import type { CsrMatrix } from "../../formats/pickleClasses.ts";
import type { NumberArray } from "../../formats/numpyArray.ts";
import { hostArray, type HostArray } from "../hostArray.ts";
import { folderOf, obtain, type LoadOptions, type RemoteFile } from "./download.ts";
import { CORA } from "./names.ts";

/** Papers, their words, and who cites whom. */
export interface CitationGraph {
  /** f32 [papers, words]: 1 where the paper has the word. */
  readonly x: HostArray;
  /** i32 [papers], the number of the subject. */
  readonly y: HostArray;
  /** i32 [2, edges]: sources and targets. Every pair of papers stands in both directions, once. */
  readonly edges: HostArray;
  /** Positions of the papers to train on (20 of each subject), to validate (500) and to test (1,000): those of Planetoid. */
  readonly split: { readonly train: Int32Array; readonly validation: Int32Array; readonly test: Int32Array };
  readonly classes: readonly string[];
}

const SUMS: readonly [part: string, sha256: string][] = [
  ["x", "23cfa55d91c6f624233f5eb7b6e3f141f1bd2b2ae39608a63cf5d084bb27baab"],
  ["y", "94465c14eb53e04ca262198dcbb2521ee8af60fb3f3d546cd6ca24a511b0e7d1"],
  ["tx", "b9afbaa4a400df991f6f02ef677e1e44da55ffc04801fd02f9e673987829226a"],
  ["ty", "41f5ac76596a1699cc33f53084a2419e92961c42bb75f36fc38e616d348532ad"],
  ["allx", "9419ba2f26f5c35243db64aba110e0f35a04851609e0dc5433450676ca6b8543"],
  ["ally", "2b998f5cc7fedc86e7f97ca2498f47a1ffc1462c29e2d578b23bf3f62b6e7d71"],
  ["graph", "58f13302f39dde8852dad6fe6d15b89b077b6d7f837626bce671ef80344b383d"],
  ["test.index", "297ce89af2b51a6a194181c7dbe1796c6a1cf9cd9349a88383b1b1e227867875"],
];

/**
 * Cora: 2,708 papers of 7 subjects, 1,433 words, 5,278 pairs that cite.
 *
 * @example
 * const { x, y, edges, split } = await datasets.cora.load();
 */
export const cora: {
  readonly classes: readonly string[];
  /** @throws FormatError that says which file to put where, and for files that are damaged. */
  load(options?: LoadOptions): Promise<CitationGraph>;
} = {
  classes: CORA,
  async load(options: LoadOptions = {}): Promise<CitationGraph> {
    const files: RemoteFile[] = SUMS.map(([part, sha256]) => ({
      name: `ind.cora.${part}`,
      urls: [
        `https://raw.githubusercontent.com/tkipf/gcn/master/gcn/data/ind.cora.${part}`,
        `https://raw.githubusercontent.com/kimiyoung/planetoid/master/data/ind.cora.${part}`,
      ],
      checksum: { sha256 },
    }));
    const paths = await obtain("cora", files, folderOf("cora", options), options);
    const contents = new Map<string, Uint8Array>();
    for (const [at, [part]] of SUMS.entries()) contents.set(part, await readFile(paths[at]!));
    const read = (part: string): unknown => parsePickle(contents.get(part)!, `ind.cora.${part}`);
    const order = new TextDecoder().decode(contents.get("test.index")).trim().split(/\s+/).map(Number);
    return assemble(
      read("allx") as CsrMatrix,
      read("tx") as CsrMatrix,
      read("ally") as NumberArray,
      read("ty") as NumberArray,
      (read("y") as NumberArray).shape[0]!,
      read("graph") as ReadonlyMap<number, readonly number[]>,
      order,
    );
  },
};

/** Puts Planetoid's parts together: the papers of the test set stand behind all others, in an order of their own. */
function assemble(
  rest: CsrMatrix,
  test: CsrMatrix,
  restClasses: NumberArray,
  testClasses: NumberArray,
  labelled: number,
  graph: ReadonlyMap<number, readonly number[]>,
  order: readonly number[],
): CitationGraph {
  const [known, words] = rest.shape;
  const count = known + test.shape[0];
  const places = [...Array(known).keys(), ...order];
  if (
    order.length !== test.shape[0] ||
    test.shape[1] !== words ||
    new Set(places).size !== count ||
    Math.max(...places) !== count - 1
  )
    throw new FormatError(
      "datasets.cora: the files of the test set do not fit the others; remove them, and load again",
    );
  const x = new Float32Array(count * words);
  const y = new Int32Array(count);
  const fill = ({ indptr, indices, data }: CsrMatrix, { data: classes, shape }: NumberArray, first: number): void => {
    const width = shape[1]!;
    for (let row = 0; row + 1 < indptr.data.length; row++) {
      const to = places[first + row]!;
      for (let at = indptr.data[row]!; at < indptr.data[row + 1]!; at++)
        x[to * words + indices.data[at]!] = data.data[at]!;
      y[to] = classes.subarray(row * width, (row + 1) * width).indexOf(1);
    }
  };
  fill(rest, restClasses, 0);
  fill(test, testClasses, known);
  return {
    x: hostArray(x, [count, words]),
    y: hostArray(y),
    edges: edgesOf(graph, count),
    split: {
      train: Int32Array.from({ length: labelled }, (_, at) => at),
      validation: Int32Array.from({ length: 500 }, (_, at) => labelled + at),
      test: Int32Array.from(order).sort(),
    },
    classes: CORA,
  };
}

/** The graph's pairs in both directions, sorted, without papers that cite themselves and without repetitions, which the file has. */
function edgesOf(graph: ReadonlyMap<number, readonly number[]>, count: number): HostArray {
  const pairs = new Set<number>();
  for (const [from, list] of graph)
    for (const to of list) {
      if (!(from >= 0 && from < count && to >= 0 && to < count))
        throw new FormatError(
          `datasets.cora: the graph has paper ${Math.max(from, to)}, and there are ${count}; the file is another one`,
        );
      if (from === to) continue;
      pairs.add(from * count + to);
      pairs.add(to * count + from);
    }
  const sorted = [...pairs].sort((a, b) => a - b);
  const edges = new Int32Array(2 * sorted.length);
  for (const [at, pair] of sorted.entries()) {
    edges[at] = Math.floor(pair / count);
    edges[sorted.length + at] = pair % count;
  }
  return hostArray(edges, [2, sorted.length]);
}
