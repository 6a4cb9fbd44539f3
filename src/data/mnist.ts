import { FormatError } from "../core/errors.ts";
import { parseIdx, parseIdxHeader } from "../formats/idx.ts";
import { fileExists, listDirectory, readFile } from "#platform";
import type { LabelledImages } from "./labelledImages.ts";

/** What a file of an MNIST-like folder holds, as far as pairing needs it. */
export interface MnistFile {
  readonly name: string;
  readonly kind: "images" | "labels";
  /** How many images or labels. */
  readonly count: number;
}

/** Images and the labels that belong to them, by file name. */
export interface MnistPair {
  readonly images: string;
  readonly labels: string;
  readonly count: number;
}

/** A training and a test set. */
export interface Mnist {
  readonly train: LabelledImages;
  readonly test: LabelledImages;
  /** The files they were read from. */
  readonly files: { readonly train: MnistPair; readonly test: MnistPair };
}

const ROLES = { train: /train/i, test: /t10k|test/i } as const;

/**
 * Finds the training and the test set among files. A pair has as many images as labels and the same role, which the
 * names tell ("train", "t10k" or "test"); labels without images and images without labels are ignored. Among several
 * pairs of a role the largest wins, and among labels of equal count those that are named like the images.
 *
 * @returns undefined for a role that has no pair.
 */
export function pairMnist(files: readonly MnistFile[]): { train: MnistPair | undefined; test: MnistPair | undefined } {
  const pair = (role: RegExp): MnistPair | undefined => {
    const candidates = files.filter(({ name }) => role.test(name));
    const pairs = candidates
      .filter(({ kind }) => kind === "images")
      .flatMap((images) =>
        candidates
          .filter(({ kind, count }) => kind === "labels" && count === images.count)
          .map((labels) => ({ images: images.name, labels: labels.name, count: images.count })),
      );
    const alike = ({ images, labels }: MnistPair): number => Number(stem(images) === stem(labels));
    return pairs.sort((a, b) => b.count - a.count || alike(b) - alike(a) || (a.images < b.images ? -1 : 1))[0];
  };
  return { train: pair(ROLES.train), test: pair(ROLES.test) };
}

/** What the names of images and of their labels have in common: `train-` of `train-images-idx3-ubyte.gz`. */
function stem(name: string): string {
  return name.replace(/(images|labels).*$/i, "");
}

/**
 * Reads MNIST, or any set in its form (Fashion-MNIST, KMNIST), from a folder of IDX files, plain or gzipped, or from the
 * folder `mnist` in it. Files of other names are not looked at.
 *
 * @returns undefined when there is no such folder or it has no training and test set.
 * @throws FormatError when an IDX file there is damaged or holds something else than its name says.
 */
export async function findMnist(folder: string): Promise<Mnist | undefined> {
  const found = await search(folder);
  if (found === undefined || found.train === undefined || found.test === undefined) return undefined;
  const { place, train, test } = found;
  return { train: await readPair(place, train), test: await readPair(place, test), files: { train, test } };
}

/**
 * Reads MNIST as {@link findMnist} does.
 * @throws FormatError when it is not there, too.
 *
 * @example
 * const { train, test } = await loadMnist("data");
 * train.images.length; // 60000 × 28 × 28
 */
export async function loadMnist(folder: string): Promise<Mnist> {
  const mnist = await findMnist(folder);
  if (mnist !== undefined) return mnist;
  const found = await search(folder);
  const shown = found?.files.map(({ name, kind, count }) => `${name} (${count} ${kind})`).join(", ") || "no IDX files";
  throw new FormatError(
    `loadMnist: a training and a test set were wanted in "${folder}", each of as many images as labels, found ${shown}; put train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz and the two t10k files there`,
  );
}

interface Found {
  readonly place: string;
  readonly files: readonly MnistFile[];
  readonly train: MnistPair | undefined;
  readonly test: MnistPair | undefined;
}

/** The first of the folder and its `mnist` that has any IDX files. */
async function search(folder: string): Promise<Found | undefined> {
  for (const place of [folder, `${folder}/mnist`]) {
    if (!(await fileExists(place))) continue;
    const names = (await listDirectory(place)).filter((name) => /(images|labels).*idx/i.test(name));
    if (names.length === 0) continue;
    const files: MnistFile[] = [];
    for (const name of names) files.push(await inspect(place, name));
    return { place, files, ...pairMnist(files) };
  }
  return undefined;
}

/** Reads a file's header and holds it against its name. */
async function inspect(place: string, name: string): Promise<MnistFile> {
  const { dtype, shape } = await parseIdxHeader(await readFile(`${place}/${name}`), name);
  const kind = /images/i.test(name) ? "images" : "labels";
  const axes = kind === "images" ? 3 : 1;
  if (dtype !== "u8" || shape.length !== axes)
    throw new FormatError(
      `${name}: ${kind} should be u8 with ${axes === 3 ? "3 axes" : "1 axis"}, this file holds ${dtype} of sizes [${shape.slice(0, 8).join(", ")}]; it carries another file's name, fetch it again`,
    );
  return { name, kind, count: shape[0]! };
}

async function readPair(place: string, { images, labels, count }: MnistPair): Promise<LabelledImages> {
  const pixels = await parseIdx(await readFile(`${place}/${images}`), images);
  const classes = await parseIdx(await readFile(`${place}/${labels}`), labels);
  const [, rows, columns] = pixels.shape;
  // `inspect` saw to it that both are u8.
  return {
    images: pixels.data as Uint8Array,
    labels: classes.data as Uint8Array,
    count,
    rows: rows!,
    columns: columns!,
  };
}
