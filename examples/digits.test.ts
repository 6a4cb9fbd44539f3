import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { decodeTensors, drawnDigits, setDevice, type LabelledImages } from "myelin";
import { main } from "./digits.ts";
import { parseOptions } from "./digits/options.ts";
import { drawImage, gallery } from "./digits/pictures.ts";

let folder: string;
let errors: string[];
const start = process.cwd();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "myelin-digits-"));
  // The program saves its model where it stands.
  process.chdir(folder);
});
afterAll(async () => {
  process.chdir(start);
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  errors = [];
  vi.spyOn(console, "error").mockImplementation((text: string) => void errors.push(text));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  setDevice("wasm");
});

/** An IDX file of bytes. */
function idx(data: Uint8Array, shape: readonly number[]): Uint8Array {
  const file = new Uint8Array(4 + 4 * shape.length + data.length);
  file.set([0, 0, 8, shape.length]);
  const view = new DataView(file.buffer);
  for (const [at, size] of shape.entries()) view.setUint32(4 + 4 * at, size);
  file.set(data, 4 + 4 * shape.length);
  return file;
}

async function writeSet(place: string, name: string, { images, labels, count }: LabelledImages): Promise<void> {
  await writeFile(join(place, `${name}-images-idx3-ubyte`), idx(images, [count, 28, 28]));
  await writeFile(join(place, `${name}-labels-idx1-ubyte`), idx(labels, [count]));
}

describe("the digits program", () => {
  test("trains on a folder's images, shows how well, saves, loads and classifies ten", async () => {
    const place = join(folder, "small");
    await mkdir(place);
    await writeSet(place, "train", drawnDigits({ count: 400, seed: 1 }));
    await writeSet(place, "t10k", drawnDigits({ count: 120, seed: 2 }));
    let text = "";
    const terminal = { columns: undefined, write: (part: string) => void (text += part) };
    vi.stubEnv("MYELIN_DATA", place);
    expect(await main(["--epochs", "4", "--batch-size", "32", "--seed", "3", "--threads=1"], terminal)).toBe(0);
    expect(errors).toEqual([]);
    expect(text).toContain(
      "data: MNIST (train-images-idx3-ubyte, t10k-images-idx3-ubyte); 400 to train on, 120 to test",
    );
    expect(text.match(/^epoch \d\/4 {2}loss [\d.]+ {2}accuracy [\d.]+ {2}[\d,]+ examples\/s/gm)?.length).toBe(4);
    expect(Number(/^test accuracy (\d+\.\d\d) %$/m.exec(text)?.[1])).toBeGreaterThan(50);
    const counts = [...text.matchAll(/^ {3}\d │(.*) {2}[ \d.]+ %$/gm)].flatMap(([, row]) => row!.match(/\d+/g) ?? []);
    expect(counts.reduce((sum, count) => sum + Number(count), 0)).toBe(120);
    expect(text.match(/ \d\d?%/g)?.length).toBe(10);
    const saved = decodeTensors(await readFile("digits.safetensors"));
    expect(Object.entries(saved).map(([name, { shape }]) => `${name} ${shape}`)).toEqual(
      expect.arrayContaining(["conv1.weight 16,1,3,3", "conv2.bias 32", "fc1.weight 64,800", "fc2.bias 10"]),
    );
  });

  test("--help says what there is", async () => {
    const lines: string[] = [];
    expect(await main(["--help"], { columns: 80, write: (line) => void lines.push(line) })).toBe(0);
    for (const flag of ["--epochs", "--batch-size", "--lr", "--seed", "--data", "--device", "--threads", "--help"])
      expect(lines.join("")).toContain(flag);
    expect(
      Math.max(
        ...lines
          .join("")
          .split("\n")
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(100);
  });

  const mistakes: [string[], RegExp][] = [
    [["--epoch", "3"], /^digits: --epoch is unknown; --help shows what there is$/],
    [["-x"], /^digits: -x is unknown/],
    [["train"], /^digits: "train" is no option/],
    [["--epochs"], /^digits: --epochs needs a value, as in --epochs 3$/],
    [["--epochs", "--seed", "1"], /^digits: --epochs needs a value/],
    [["--epochs="], /^digits: --epochs needs a value/],
    [["--help=yes"], /^digits: --help takes no value$/],
    [["--epochs", "2.5"], /^digits: --epochs must be a whole number of 1 or more, got "2\.5"$/],
    [["--epochs", "0"], /a whole number of 1 or more, got "0"/],
    [["--batch-size", "many"], /^digits: --batch-size must be a whole number of 1 or more, got "many"$/],
    [["--lr", "-1"], /^digits: --lr must be a number above 0, got "-1"$/],
    [["--lr", "Infinity"], /a number above 0, got "Infinity"/],
    [["--seed", "x"], /^digits: --seed must be a whole number, got "x"$/],
    [["--threads", "0"], /^digits: --threads must be a whole number of 1 or more, got "0"$/],
    [
      ["--device", "abacus"],
      /^digits: device: "abacus" is not known\. Devices here: cpu, native, wasm, webgpu, reference$/,
    ],
    [["--data", "nowhere"], /^digits: --data "nowhere" has no training and test set of MNIST; put train-images/],
  ];
  test.each(mistakes)("one clear sentence and exit code 2 for %j", async (args, message) => {
    expect(await main(args)).toBe(2);
    expect(errors.length).toBe(1);
    expect(errors[0]).toMatch(message);
  });

  test("a damaged file of MNIST is named", async () => {
    const place = join(folder, "damaged");
    await mkdir(place);
    await writeSet(place, "train", drawnDigits({ count: 4 }));
    await writeSet(place, "t10k", drawnDigits({ count: 4 }));
    await writeFile(join(place, "t10k-images-idx3-ubyte"), "<html>404</html>");
    expect(await main(["--data", place])).toBe(2);
    expect(errors[0]).toMatch(/^digits: t10k-images-idx3-ubyte: .*HTML/);
  });

  test("options have defaults", () => {
    expect(parseOptions([])).toEqual({
      epochs: 8,
      batchSize: 64,
      lr: 0.003,
      seed: 0,
      data: undefined,
      device: "cpu",
      threads: undefined,
    });
  });
});

describe("pictures", () => {
  test("a braille sign has two columns and four rows of pixels; two columns at either side are left out", () => {
    const pixels = new Uint8Array(8 * 6);
    for (const [row, column] of [
      [0, 2],
      [3, 3],
      [4, 2],
      [7, 2],
      [0, 0],
      [0, 5],
    ])
      pixels[row! * 6 + column!] = 255;
    expect(drawImage(pixels, 8, 6)).toEqual(["⢁", "⡁"]);
  });

  test("stand five in a line, in 80 columns, with captions beside them", () => {
    const { images } = drawnDigits({ count: 6 });
    const pictures = Array.from({ length: 6 }, (_, at) => ({
      image: drawImage(images.subarray(at * 784, (at + 1) * 784), 28, 28),
      caption: ["", "99%"],
    }));
    const lines = gallery(pictures).split("\n");
    expect(lines.length).toBe(16);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines[1]!.match(/99%/g)?.length).toBe(5);
    expect(lines[9]!.match(/99%/g)?.length).toBe(1);
  });
});
