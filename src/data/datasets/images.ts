/** Labelled images: MNIST and its kin, CIFAR. */
import { fileExists, readFile } from "#platform";
import { joinBytes } from "../../core/bytes.ts";
import { FormatError } from "../../core/errors.ts";
import { parseCifar, type CifarImages } from "../../formats/cifar.ts";
import { unpack } from "../../formats/gzip.ts";
import { parseTar } from "../../formats/tar.ts";
import { Dataset } from "../dataset.ts";
import { hostArray, type HostArray } from "../hostArray.ts";
import { findMnist, loadMnist, type Mnist } from "../mnist.ts";
import { slices } from "../slices.ts";
import { folderOf, obtain, type LoadOptions, type RemoteFile } from "./download.ts";
import { CIFAR10, DIGITS, FASHION } from "./names.ts";

/** A set of labelled images, before it is loaded. */
export interface ImageSet<T> {
  readonly name: string;
  readonly classes: readonly string[];
  /** [rows, columns] of grey images, [rows, columns, 3] of others. */
  readonly shape: readonly number[];
  /** How many images to train on, and to test. */
  readonly counts: { readonly train: number; readonly test: number };
  /** Mean and deviation of the training set's pixels divided by 255, by channel. */
  readonly statistics: { readonly mean: readonly number[]; readonly std: readonly number[] };
  /**
   * Reads it from a folder if its files are there, and fetches them otherwise, with checksums.
   * @throws FormatError that says which file to put where; or for files that are damaged.
   */
  load(options?: LoadOptions): Promise<T>;
}

const gz = (base: readonly string[], sums: readonly [name: string, md5: string][]): RemoteFile[] =>
  sums.map(([name, md5]) => ({ name, urls: base.map((url) => url + name), checksum: { md5 } }));

/** Files of the form of MNIST. */
function idxSet(
  name: string,
  classes: readonly string[],
  statistics: ImageSet<Mnist>["statistics"],
  files: readonly RemoteFile[],
): ImageSet<Mnist> {
  return {
    name,
    classes,
    shape: [28, 28],
    counts: { train: 60_000, test: 10_000 },
    statistics,
    async load(options = {}) {
      const folder = folderOf(name, options);
      let mnist = await findMnist(folder);
      if (mnist === undefined) {
        if (options.download !== false) await obtain(name, files, folder, options);
        mnist = await loadMnist(folder);
      }
      for (const { labels } of [mnist.train, mnist.test]) {
        const wrong = labels.findIndex((label) => label >= classes.length);
        if (wrong >= 0)
          throw new FormatError(
            `datasets.${name}: label ${wrong} is ${labels[wrong]}, and ${classes.length - 1} is the last; the file is of another set`,
          );
      }
      return mnist;
    },
  };
}

/**
 * MNIST: handwritten digits, 60,000 to train on and 10,000 to test, 28 × 28 (LeCun, Cortes, Burges). Also reads sets of other sizes in a
 * folder, plain or packed by gzip.
 *
 * @example
 * const { train, test } = await datasets.mnist.load();
 * const batches = imageDataset(train).shuffle({ seed: 1 }).batch(64);
 */
export const mnist: ImageSet<Mnist> = /* @__PURE__ */ idxSet(
  "mnist",
  DIGITS,
  { mean: [0.1307], std: [0.3081] },
  /* @__PURE__ */ gz(
    ["https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"],
    [
      ["train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"],
      ["train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"],
      ["t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"],
      ["t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"],
    ],
  ),
);

/** Fashion-MNIST: pieces of clothing in the form of MNIST (Zalando Research, MIT). */
export const fashionMnist: ImageSet<Mnist> = /* @__PURE__ */ idxSet(
  "fashionMnist",
  FASHION,
  { mean: [0.286], std: [0.353] },
  /* @__PURE__ */ gz(
    [
      "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
      "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ],
    [
      ["train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"],
      ["train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"],
      ["t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"],
      ["t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"],
    ],
  ),
);

/** CIFAR's images, to train on and to test. */
export interface Cifar {
  readonly train: CifarImages;
  readonly test: CifarImages;
  /** Of CIFAR-100, the names of all classes as its files have them. */
  readonly classes: readonly string[];
}

function cifarSet(
  name: string,
  classes: 10 | 100,
  names: readonly string[],
  statistics: ImageSet<Cifar>["statistics"],
  archive: string,
  md5: string,
  parts: { readonly folder: string; readonly train: readonly string[]; readonly test: string },
): ImageSet<Cifar> {
  return {
    name,
    classes: names,
    shape: [32, 32, 3],
    counts: { train: 50_000, test: 10_000 },
    statistics,
    async load(options = {}) {
      const folder = folderOf(name, options);
      const read = await contentsOf(name, folder, archive, md5, parts.folder, parts.test, options);
      const train: CifarImages[] = [];
      for (const part of parts.train) train.push(parseCifar(await read(part), classes, part));
      const test = parseCifar(await read(parts.test), classes, parts.test);
      const text = classes === 100 ? new TextDecoder().decode(await read("fine_label_names.txt")) : undefined;
      return { train: joined(train), test, classes: text?.trim().split(/\s+/) ?? names };
    },
  };
}

/** Reads files of a folder, of the folder that the archive makes in it, or of the archive in it, which is fetched where there is none. */
async function contentsOf(
  name: string,
  folder: string,
  archive: string,
  md5: string,
  inner: string,
  probe: string,
  options: LoadOptions,
): Promise<(part: string) => Promise<Uint8Array>> {
  for (const place of [folder, `${folder}/${inner}`])
    if (await fileExists(`${place}/${probe}`)) return (part) => readFile(`${place}/${part}`);
  const remote = { name: archive, urls: [`https://www.cs.toronto.edu/~kriz/${archive}`], checksum: { md5 } };
  const [path] = await obtain(name, [remote], folder, options);
  const pieces: Uint8Array[] = [];
  async function* packed(): AsyncGenerator<Uint8Array, void, undefined> {
    yield await readFile(path!);
  }
  for await (const piece of unpack(packed(), `"${path}"`)) pieces.push(piece);
  const files = parseTar(
    new Uint8Array(await new Blob(pieces as Uint8Array<ArrayBuffer>[]).arrayBuffer()),
    `"${path}"`,
  );
  return async (part) => {
    const content = files.get(`${inner}/${part}`);
    if (content === undefined)
      throw new FormatError(`"${path}": the archive has no ${inner}/${part}; it is another one`);
    return content;
  };
}

function joined(parts: readonly CifarImages[]): CifarImages {
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const all = (pick: (part: CifarImages) => Uint8Array): Uint8Array => joinBytes(parts.map(pick));
  const coarse = parts[0]?.coarseLabels && { coarseLabels: all((part) => part.coarseLabels!) };
  return { count, images: all((part) => part.images), labels: all((part) => part.labels), ...coarse };
}

/** CIFAR-10: 32 × 32 photographs of 10 classes (Krizhevsky 2009). Memory while it is unpacked: some 500 MB. */
export const cifar10: ImageSet<Cifar> = /* @__PURE__ */ cifarSet(
  "cifar10",
  10,
  CIFAR10,
  { mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616] },
  "cifar-10-binary.tar.gz",
  "c32a1d4ab5d03f1284b67883e8d87530",
  {
    folder: "cifar-10-batches-bin",
    train: ["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"],
    test: "test_batch.bin",
  },
);

/** CIFAR-100: 32 × 32 photographs of 100 classes in 20 groups (Krizhevsky 2009). The classes' names are in its files. */
export const cifar100: ImageSet<Cifar> = /* @__PURE__ */ cifarSet(
  "cifar100",
  100,
  [],
  { mean: [0.5071, 0.4865, 0.4409], std: [0.2673, 0.2564, 0.2762] },
  "cifar-100-binary.tar.gz",
  "03b5dce01913d631647c71ecec9e9cb8",
  { folder: "cifar-100-binary", train: ["train.bin"], test: "test.bin" },
);

/** Examples of an image, u8 [32, 32, 3], and its label, u8 []. Nothing is copied. */
export function cifarDataset({ images, labels, count }: CifarImages): Dataset<readonly [HostArray, HostArray]> {
  return Dataset.from(slices([hostArray(images, [count, 32, 32, 3]), hostArray(labels, [count])]));
}

/**
 * What models that were trained on ImageNet expect: pixels divided by 255, less the mean, divided by the deviation, by channel. Its images have no
 * free download; `files.imageFolder` reads them.
 */
export const imageNet = {
  classCount: 1000,
  shape: [224, 224, 3],
  statistics: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
} as const;
