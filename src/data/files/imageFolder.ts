import { listDirectory, readFile, system } from "#platform";
import { FormatError } from "../../core/errors.ts";
import { decodeImage, type ImageOptions } from "../../formats/image.ts";
import { Dataset } from "../dataset.ts";
import { hostArray, type HostArray } from "../hostArray.ts";
import { named } from "./reading.ts";

/** An image and its class, before it is read. */
export interface ImageFile {
  readonly path: string;
  /** The position of its class in the list of names. */
  readonly label: number;
}

/** How images are read from files. */
export interface ImagesOptions extends ImageOptions {
  /** How many are read and decoded at a time; 4 by default. */
  readonly parallel?: number | "auto";
  /** Called for every file that is no image or damaged, which is then left out; an error by default. */
  readonly onDamaged?: (error: FormatError) => void;
}

/** Labelled images: u8 [rows, columns, channels] and the number of the class, i32 []. */
export type ImageExample = readonly [image: HostArray, label: HostArray];

/** What a folder of a folder for each class holds. */
export interface ImageFolder {
  /** The names of the classes: those of the folders, sorted. */
  readonly classes: readonly string[];
  /** Sorted by class, then by path. */
  readonly files: readonly ImageFile[];
  /** The images, decoded when they are asked for. */
  readonly dataset: Dataset<ImageExample>;
}

/** What the parts of a dataset are called. */
const SPLITS = /^(train|training|test|testing|val|valid|validation|dev|eval)$/i;
const IMAGES = /\.(jpe?g|png|webp|gif|avif|tiff?)$/i;

/**
 * Finds the images of a folder that has a folder for each class, as Keras and torchvision do: class names sorted, labels 0 to
 * classes − 1. Folders may have folders in them; files of other kinds are passed over.
 *
 * @throws FormatError where there is no class, one has no images, or the folders are `train` and `test` and not classes; PlatformError for folders that cannot be read, and in
 * browsers, where {@link images} takes a list of URLs. While iterating: FormatError naming the file for images that are damaged.
 *
 * @example
 * const { dataset, classes } = await files.imageFolder("clothing", { size: [224, 224] });
 * const train = dataset.shuffle({ seed: 1 }).batch(32).prefetch();
 */
export async function imageFolder(path: string, options: ImagesOptions = {}): Promise<ImageFolder> {
  const classes = (await listDirectory(path)).filter((name) => !name.startsWith(".") && isFolder(`${path}/${name}`));
  if (classes.length === 0)
    throw new FormatError(
      `imageFolder: ${named(path)} has no folders in it, where one for each class was wanted; put the images there`,
    );
  if (classes.every((name) => SPLITS.test(name)))
    throw new FormatError(
      `imageFolder: ${named(path)} has the folders ${classes.join(", ")}, which are parts of a dataset and no classes; read one of them: imageFolder("${path}/${classes.at(-1)!}")`,
    );
  const found: ImageFile[] = [];
  for (const [label, name] of classes.entries()) {
    const paths = await imagesIn(`${path}/${name}`);
    if (paths.length === 0)
      throw new FormatError(
        `imageFolder: ${named(`${path}/${name}`)} has no images (.jpg, .png, .webp …); remove the folder, or put some there`,
      );
    found.push(...paths.map((one) => ({ path: one, label })));
  }
  return { classes, files: found, dataset: images(Dataset.from(found), options) };
}

/**
 * Reads and decodes images as they are asked for, several at a time, in order. Shuffle the files before, where damaged images are to be left
 * out: what is left out is known only then, so that the result is a stream.
 * @param files paths (in a browser: URLs) with labels.
 * @throws while iterating: FormatError naming the file, PlatformError where it cannot be read.
 *
 * @example
 * const { files: list } = await files.imageFolder("clothing");
 * const damaged: string[] = [];
 * const onDamaged = (error: Error) => damaged.push(error.message);
 * const train = files.images(Dataset.from(list).shuffle({ seed: 1 }), { size: [224, 224], onDamaged });
 */
export function images(files: Dataset<ImageFile>, options: ImagesOptions = {}): Dataset<ImageExample> {
  const { parallel = 4, onDamaged, ...decoding } = options;
  const read = async ({ path, label }: ImageFile): Promise<ImageExample> => [
    await decodeImage(await readFile(path), decoding, named(path)),
    hostArray(Int32Array.of(label), []),
  ];
  if (onDamaged === undefined) return files.map(read, { parallel });
  const some = files.map(
    async (file) =>
      read(file).catch((error: unknown) => {
        if (!(error instanceof FormatError)) throw error;
        onDamaged(error);
        return undefined;
      }),
    { parallel },
  );
  return some.filter((example) => example !== undefined) as Dataset<ImageExample>;
}

function isFolder(path: string): boolean {
  return system()?.fileState(path)?.isFolder === true;
}

/**
 * Paths of the images in a folder and in the folders in it, sorted; files of other kinds are passed over.
 * @throws PlatformError for a folder that cannot be read, and in browsers.
 */
export async function imagesIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await listDirectory(folder)) {
    const path = `${folder}/${name}`;
    if (name.startsWith(".")) continue;
    if (isFolder(path)) found.push(...(await imagesIn(path)));
    else if (IMAGES.test(name)) found.push(path);
  }
  return found;
}
