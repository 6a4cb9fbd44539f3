import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FormatError } from "../../core/errors.ts";
import { parseCifar, serializeCifar } from "../../formats/cifar.ts";
import { serializeIdx } from "../../formats/idx.ts";
import { parseTar } from "../../formats/tar.ts";
import { drawnDigits } from "../digits.ts";
import { obtain, type RemoteFile } from "./download.ts";
import {
  breastCancer,
  cifar10,
  cifar100,
  cifarDataset,
  cora,
  fashionMnist,
  imageNet,
  iris,
  mnist,
  tinyShakespeare,
  wine,
} from "./index.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "myelin-datasets-"));
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await rm(folder, { recursive: true });
});

const sum = (bytes: Uint8Array, algorithm = "sha256"): string => createHash(algorithm).update(bytes).digest("hex");

describe("downloads", () => {
  const content = Uint8Array.from({ length: 1_000_000 }, (_, at) => (at * 7919) % 251);
  let server: Server;
  let origin: string;
  /** What the server was asked for, as `path range`. */
  let requests: string[];
  let answer: (request: IncomingMessage, response: ServerResponse) => void;

  /** Sends what is asked for; breaks off after `limit` bytes of an answer. */
  const serve =
    (ranges: boolean, limit = Infinity) =>
    (request: IncomingMessage, response: ServerResponse): void => {
      const start = ranges ? Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0) : 0;
      if (start >= content.length) {
        response.writeHead(416).end();
        return;
      }
      const rest = content.subarray(start);
      const range = ranges && request.headers.range && `bytes ${start}-${content.length - 1}/${content.length}`;
      response.writeHead(range ? 206 : 200, {
        "content-length": rest.length,
        ...(range ? { "content-range": range } : {}),
      });
      if (rest.length <= limit) response.end(rest);
      else response.write(rest.subarray(0, limit), () => setTimeout(() => response.destroy(), 50));
    };

  beforeEach(async () => {
    requests = [];
    answer = serve(true);
    server = createServer((request, response) => {
      requests.push(`${request.url} ${request.headers.range ?? "-"}`);
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  const file = (checksum: RemoteFile["checksum"] = { sha256: sum(content) }, path = "/data.bin"): RemoteFile => ({
    name: "data.bin",
    urls: [origin + path],
    checksum,
  });

  test("a file is fetched once, checked, and found again", async () => {
    const seen: number[] = [];
    const where = join(folder, "new", "place");
    const onProgress = (name: string, bytes: number, total: number | undefined): unknown =>
      seen.push(name === "data.bin" && total === content.length ? bytes : -1);
    for (let run = 0; run < 2; run++)
      expect(await obtain("set", [file()], where, { onProgress })).toEqual([`${where}/data.bin`]);
    expect(requests).toEqual(["/data.bin -"]);
    expect(Buffer.compare(await readFile(join(where, "data.bin")), content)).toBe(0);
    expect(await readdir(where)).toEqual(["data.bin"]);
    expect(seen.at(-1)).toBe(content.length);
    expect(await obtain("set", [file({ md5: sum(content, "md5") })], join(folder, "md5"), {})).toHaveLength(1);
  });

  test("what broke off goes on where it was, in this run and in a later one", async () => {
    answer = serve(true, 300_000);
    await obtain("set", [file()], folder, {});
    expect(requests[0]).toBe("/data.bin -");
    const starts = requests.slice(1).map((request) => Number(/bytes=(\d+)-/.exec(request)![1]));
    expect(starts.length).toBe(3);
    expect(starts.every((start, at) => start > (starts[at - 1] ?? 0))).toBe(true);
    expect(Buffer.compare(await readFile(join(folder, "data.bin")), content)).toBe(0);
    // A process that ended in the middle.
    const later = join(folder, "later");
    await mkdir(later);
    await writeFile(join(later, "data.bin.part"), content.subarray(0, 999_000));
    answer = serve(true);
    requests = [];
    await obtain("set", [file()], later, {});
    expect(requests).toEqual(["/data.bin bytes=999000-"]);
    expect(Buffer.compare(await readFile(join(later, "data.bin")), content)).toBe(0);
  });

  test("a server without ranges starts again", async () => {
    await writeFile(join(folder, "data.bin.part"), new Uint8Array(5000));
    answer = serve(false);
    await obtain("set", [file()], folder, {});
    expect(Buffer.compare(await readFile(join(folder, "data.bin")), content)).toBe(0);
  });

  test("another content is refused and not kept", async () => {
    const reading = obtain("set", [file({ sha256: "0".repeat(64) })], folder, {});
    await expect(reading).rejects.toThrow(
      /datasets\.set: data\.bin could not be fetched \(http.*its content has sha256 [0-9a-f]{64}, and 0{64} was published\)\. Put it at ".*data\.bin" yourself/,
    );
    await expect(reading).rejects.toBeInstanceOf(FormatError);
    expect(await readdir(folder)).toEqual([]);
    // The whole of it was wrong: it would be another time.
    expect(requests).toHaveLength(1);
    // A part of an old version: the whole is fetched again.
    await writeFile(join(folder, "data.bin.part"), new Uint8Array(5000));
    await obtain("set", [file()], folder, {});
    expect(Buffer.compare(await readFile(join(folder, "data.bin")), content)).toBe(0);
    const longer = join(folder, "longer");
    await mkdir(longer);
    await writeFile(join(longer, "data.bin.part"), new Uint8Array(2_000_000));
    await obtain("set", [file()], longer, {});
    expect(Buffer.compare(await readFile(join(longer, "data.bin")), content)).toBe(0);
  });

  test("redirects are followed, to the rest of a file too", async () => {
    await writeFile(join(folder, "data.bin.part"), content.subarray(0, 1000));
    answer = (request, response) =>
      request.url === "/old"
        ? void response.writeHead(302, { location: "/new" }).end()
        : serve(true)(request, response);
    await obtain("set", [file(undefined, "/old")], folder, {});
    expect(requests).toEqual(["/old bytes=1000-", "/new bytes=1000-"]);
    expect(Buffer.compare(await readFile(join(folder, "data.bin")), content)).toBe(0);
  });

  test("another part than was asked for is not taken", async () => {
    await writeFile(join(folder, "data.bin.part"), content.subarray(0, 1000));
    answer = (request, response) =>
      request.headers.range
        ? void response.writeHead(206, { "content-range": "bytes 500-999999/1000000" }).end(content.subarray(500))
        : serve(true)(request, response);
    await obtain("set", [file()], folder, {});
    expect(requests).toEqual(["/data.bin bytes=1000-", "/data.bin -"]);
    expect(Buffer.compare(await readFile(join(folder, "data.bin")), content)).toBe(0);
  });

  test("a file that is not there is asked for once; busy servers again, when they want to be", async () => {
    answer = (_, response) => void response.writeHead(404).end();
    await expect(obtain("set", [file()], folder, {})).rejects.toThrow(
      /data\.bin could not be fetched \(http.*: the server answered 404 Not Found\)\. Put it at ".*data\.bin" yourself(?!, or try again)/,
    );
    expect(requests).toHaveLength(1);
    expect(await readdir(folder)).toEqual([]);
    const times: number[] = [];
    answer = (request, response) => {
      times.push(performance.now());
      if (times.length === 1) response.writeHead(429, { "retry-after": "1" }).end();
      else if (times.length === 2) response.writeHead(503).end();
      else serve(true)(request, response);
    };
    await obtain("set", [file()], folder, {});
    expect(times).toHaveLength(3);
    expect(times[1]! - times[0]!).toBeGreaterThan(990);
    answer = (_, response) => void response.writeHead(429, { "retry-after": "3600" }).end();
    requests = [];
    await expect(obtain("set", [file()], join(folder, "patient"), {})).rejects.toThrow(
      /the server answered 429 Too Many Requests and asks to come back in 3600 seconds/,
    );
    expect(requests).toHaveLength(1);
  });

  test("a server that falls silent is given up", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      let asked = 0;
      vi.stubGlobal("fetch", (_: string, { signal }: { signal: AbortSignal }) => {
        asked++;
        return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      });
      let over = false;
      const reading = expect(obtain("set", [file()], folder, {}))
        .rejects.toThrow(/the server said nothing for 60 seconds/)
        .finally(() => (over = true));
      while (!over) {
        await vi.advanceTimersByTimeAsync(10_000);
        await new Promise(setImmediate);
      }
      await reading;
      expect(asked).toBe(4);
    } finally {
      vi.useRealTimers();
    }
  });

  test("two that want the same file fetch it once; a signal ends fetching, and what has arrived is kept", async () => {
    const both = await Promise.all([obtain("set", [file()], folder, {}), obtain("set", [file()], folder, {})]);
    expect(both[0]).toEqual(both[1]);
    expect(requests).toEqual(["/data.bin -"]);
    expect(await readdir(folder)).toEqual(["data.bin"]);
    const later = join(folder, "later");
    answer = (_, response) => {
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(0, 700_000));
    };
    const stop = new AbortController();
    const reason = new Error("enough");
    const onProgress = (): void => stop.abort(reason);
    await expect(obtain("set", [file()], later, { signal: stop.signal, onProgress })).rejects.toBe(reason);
    const [kept, ...others] = await readdir(later);
    expect([kept, others]).toEqual(["data.bin.part", []]);
    answer = serve(true);
    await obtain("set", [file()], later, {});
    expect(requests.at(-1)).toMatch(/bytes=[1-9]\d+-/);
    expect(Buffer.compare(await readFile(join(later, "data.bin")), content)).toBe(0);
  });

  test("the next address is tried where one does not answer; without any the error says what to put where", async () => {
    answer = (request, response) =>
      request.url === "/gone" ? void response.writeHead(404).end() : serve(true)(request, response);
    await obtain(
      "set",
      [{ ...file(), urls: [`${origin}/gone`, "http://127.0.0.1:1/refused", `${origin}/data.bin`] }],
      folder,
      {},
    );
    expect(requests).toEqual(["/gone -", "/data.bin -"]);
    const offline = obtain("set", [{ ...file(), urls: ["http://127.0.0.1:1/x"] }], join(folder, "x"), {});
    await expect(offline).rejects.toThrow(
      /could not be fetched \(http:\/\/127\.0\.0\.1:1\/x: .+\)\. Put it at ".*x\/data\.bin" yourself/,
    );
    await expect(obtain("set", [file()], join(folder, "x"), { download: false })).rejects.toThrow(
      /datasets\.set: ".*x" has no data\.bin; put it there from http.*data\.bin, or call load with download: true/,
    );
  });
});

describe("sets of images", () => {
  const digits = drawnDigits({ count: 30, seed: 3 });
  const idx = async (labels: Uint8Array = digits.labels): Promise<void> => {
    for (const role of ["train", "t10k"]) {
      await writeFile(
        join(folder, `${role}-images-idx3-ubyte`),
        serializeIdx({ data: digits.images, shape: [30, 28, 28] }),
      );
      await writeFile(
        join(folder, `${role}-labels-idx1-ubyte.gz`),
        gzipSync(serializeIdx({ data: labels, shape: [30] })),
      );
    }
  };

  test("[S22] [S25] MNIST and Fashion-MNIST from a folder, and what they say of themselves", async () => {
    await idx();
    for (const set of [mnist, fashionMnist]) {
      const { train, test } = await set.load({ folder, download: false });
      expect([train.count, test.count, train.rows, train.columns]).toEqual([30, 30, 28, 28]);
      expect(train.images).toEqual(digits.images);
      expect(set.classes).toHaveLength(10);
      expect([set.counts, set.shape]).toEqual([{ train: 60_000, test: 10_000 }, [28, 28]]);
    }
    expect(fashionMnist.classes[9]).toBe("Ankle boot");
    await idx(digits.labels.map((label, at) => (at === 7 ? 10 : label)));
    await expect(mnist.load({ folder })).rejects.toThrow(/datasets\.mnist: label 7 is 10, and 9 is the last/);
    await rm(join(folder, "t10k-images-idx3-ubyte"));
    await expect(mnist.load({ folder, download: false })).rejects.toThrow(/found .* put train-images-idx3-ubyte\.gz/);
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("fetch failed")));
    await rm(folder, { recursive: true });
    await expect(fashionMnist.load({ folder })).rejects.toThrow(
      /datasets\.fashionMnist: train-images-idx3-ubyte\.gz could not be fetched \(https:.*Put it at/,
    );
  });

  const cifar = (count: number, classes: 10 | 100) => ({
    count,
    images: Uint8Array.from({ length: count * 3072 }, (_, at) => (at * 31) % 256),
    labels: Uint8Array.from({ length: count }, (_, at) => at % classes),
    ...(classes === 100 && { coarseLabels: Uint8Array.from({ length: count }, (_, at) => at % 20) }),
  });

  test("[S26] CIFAR-10 and CIFAR-100 from their files and from their archives", async () => {
    const small = cifar(3, 10);
    const file = serializeCifar(small);
    expect([file[0], file[1], file[1 + 1024], file[1 + 2048], file[2]]).toEqual([0, 0, 31, 62, 93]);
    expect(parseCifar(file, 10)).toEqual(small);
    const hundred = cifar(40, 100);
    expect(parseCifar(serializeCifar(hundred), 100)).toEqual(hundred);

    const parts: Record<string, Uint8Array> = { "test_batch.bin": file };
    for (const number of [1, 2, 3, 4, 5]) parts[`data_batch_${number}.bin`] = file;
    for (const [name, bytes] of Object.entries(parts)) await writeFile(join(folder, name), bytes);
    const { train, test, classes } = await cifar10.load({ folder, download: false });
    expect([train.count, test.count, classes[3]]).toEqual([15, 3, "cat"]);
    const [x, y] = (await cifarDataset(train).batch(15).toArray())[0]!;
    expect([x.shape, [...y.dataSync()].slice(0, 4)]).toEqual([
      [15, 32, 32, 3],
      [0, 1, 2, 0],
    ]);

    const archive = join(folder, "packed");
    await mkdir(archive);
    const names = new TextEncoder().encode(Array.from({ length: 100 }, (_, at) => `class${at}`).join("\n"));
    const tar = tarOf({
      "cifar-100-binary/train.bin": serializeCifar(hundred),
      "cifar-100-binary/test.bin": serializeCifar(cifar(2, 100)),
      "cifar-100-binary/fine_label_names.txt": names,
    });
    await writeFile(join(archive, "cifar-100-binary.tar.gz"), gzipSync(tar));
    const loaded = await cifar100.load({ folder: archive, download: false });
    expect(loaded.train).toEqual(hundred);
    expect([loaded.test.count, loaded.classes[99]]).toEqual([2, "class99"]);
    expect(cifar10.shape).toEqual([32, 32, 3]);
    expect(cifar10.counts.train).toBe(50_000);
  });

  test("[S26] labels out of range and files cut off are found", async () => {
    const file = serializeCifar(cifar(3, 10));
    file[3073] = 10;
    expect(() => parseCifar(file, 10, "test_batch.bin")).toThrow(
      /^test_batch\.bin: image 1 has label 10, and 9 is the last/,
    );
    expect(() => parseCifar(file.subarray(0, 5000), 10)).toThrow(
      /5000 bytes are no whole number of images of 3073 bytes/,
    );
    expect(() => parseCifar(new Uint8Array(0), 100)).toThrow(FormatError);
    await expect(cifar10.load({ folder, download: false })).rejects.toThrow(
      /has no cifar-10-binary\.tar\.gz; put it there from https:\/\/www\.cs\.toronto\.edu/,
    );
    await writeFile(join(folder, "cifar-10-binary.tar.gz"), gzipSync(tarOf({ "other/x": Uint8Array.of(1) })));
    await expect(cifar10.load({ folder })).rejects.toThrow(
      /the archive has no cifar-10-batches-bin\/data_batch_1\.bin/,
    );
  });

  test("[S27] ImageNet's constants bring its pixels to about −2.1 to 2.6", () => {
    const { mean, std } = imageNet.statistics;
    expect(Math.min(...mean.map((m, c) => -m / std[c]!))).toBeCloseTo(-2.1179, 4);
    expect(Math.max(...mean.map((m, c) => (1 - m) / std[c]!))).toBeCloseTo(2.64, 4);
  });
});

/** An archive of files, as tar writes it. */
function tarOf(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [path, content] of Object.entries(files)) {
    const header = Buffer.alloc(512);
    header.write(path, 0);
    header.write("0000644\0", 100);
    header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("        0ustar\u000000", 148);
    header.write(
      `${header
        .reduce((a, b) => a + b)
        .toString(8)
        .padStart(6, "0")}\0 `,
      148,
    );
    parts.push(header, content, new Uint8Array((512 - (content.length % 512)) % 512));
  }
  return new Uint8Array(Buffer.concat([...parts, new Uint8Array(1024)]));
}

describe("tar", () => {
  test("files by path; what is damaged is refused", () => {
    const tar = tarOf({ "a/b.txt": Uint8Array.of(1, 2, 3), empty: new Uint8Array(0) });
    expect(Object.fromEntries(parseTar(tar))).toEqual({ "a/b.txt": Uint8Array.of(1, 2, 3), empty: new Uint8Array(0) });
    expect(() => parseTar(tar.subarray(0, 514), "x.tar")).toThrow(
      /^x\.tar: "a\/b\.txt" should end at byte 515, the archive at 514/,
    );
    expect(() => parseTar(new Uint8Array(100), "x.tar")).toThrow(/no TAR archive/);
    const changed = tar.slice();
    changed[3]! ^= 1;
    expect(() => parseTar(changed)).toThrow(/the header at byte 0 does not fit its checksum/);
  });
});

describe("tables", () => {
  test("[S28] iris: 150 rows, 4 features, 50 of each class", () => {
    const { x, y, features, classes } = iris.load();
    expect([x.shape, y.shape, x.dtype, y.dtype]).toEqual([[150, 4], [150], "f32", "i32"]);
    expect([0, 1, 2].map((label) => y.data.filter((value) => value === label).length)).toEqual([50, 50, 50]);
    expect([...x.data.subarray(0, 4)].map((value) => Number(value.toFixed(1)))).toEqual([5.1, 3.5, 1.4, 0.2]);
    expect([features.length, classes[0]]).toEqual([4, "setosa"]);
  });

  test("wine: 178 rows, 13 features, classes of 59, 71 and 48", () => {
    const { x, y, features } = wine.load();
    expect([x.shape, features.length]).toEqual([[178, 13], 13]);
    expect([0, 1, 2].map((label) => y.data.filter((value) => value === label).length)).toEqual([59, 71, 48]);
    // scikit-learn's load_wine().data.mean(): 69.133663...
    expect(Array.from(x.data).reduce((a, b) => a + b, 0) / x.data.length).toBeCloseTo(69.1337, 3);
  });
});

const data = process.env["MYELIN_DATA"] || "../shared/data";

describe.skipIf(!existsSync(`${data}/cora`))("files of others (skipped without MYELIN_DATA or ../shared/data)", () => {
  test("[S32] Cora: 2,708 papers of 7 subjects, 5,278 pairs", async () => {
    const { x, y, edges, split, classes } = await cora.load({ folder: `${data}/cora`, download: false });
    expect([x.shape, edges.shape]).toEqual([
      [2708, 1433],
      [2, 2 * 5278],
    ]);
    expect(classes.map((_, label) => y.data.filter((value) => value === label).length)).toEqual([
      351, 217, 418, 818, 426, 298, 180,
    ]);
    expect([split.train.length, split.validation.length, split.test.length]).toEqual([140, 500, 1000]);
    expect([split.test[0], split.test[999]]).toEqual([1708, 2707]);
    const trained = Array.from(split.train, (at) => y.data[at]!);
    expect(classes.map((_, label) => trained.filter((value) => value === label).length)).toEqual([
      20, 20, 20, 20, 20, 20, 20,
    ]);
    // 49,216 words in all, as the published density of 1.27 % says.
    expect(Array.from(x.data).reduce((a, b) => a + b, 0)).toBe(49_216);
  });

  test("tiny Shakespeare and breast cancer, whose checksums are those written down", async () => {
    const text = await tinyShakespeare.load({ folder: `${data}/text`, download: false });
    expect([text.length, text.slice(0, 14)]).toEqual([1_115_394, "First Citizen:"]);
    const { x, y, features } = await breastCancer.load({ folder: `${data}/tabular`, download: false });
    expect([x.shape, features.length]).toEqual([[569, 30], 30]);
    expect([0, 1].map((label) => y.data.filter((value) => value === label).length)).toEqual([212, 357]);
    for (const [path, wanted] of [
      ["text/tinyshakespeare.txt", "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"],
      ["tabular/wdbc.data", "d606af411f3e5be8a317a5a8b652b425aaf0ff38ca683d5327ffff94c3695f4a"],
    ] as const)
      expect(sum(new Uint8Array(readFileSync(`${data}/${path}`)))).toBe(wanted);
  });

  test("[S22] MNIST's files of the test set have the published checksums", () => {
    const md5 = (name: string): string => sum(new Uint8Array(readFileSync(`${data}/mnist/${name}`)), "md5");
    expect(md5("t10k-images-idx3-ubyte.gz")).toBe("9fb629c4189551a2d022fa330f9573f3");
    expect(md5("t10k-labels-idx1-ubyte.gz")).toBe("ec29112dd5afa0611ce80d1b7f02629c");
    expect(md5("train-labels-idx1-ubyte.gz")).toBe("d53e105ee54ea40749a09fcbcd1e9432");
  });
});
