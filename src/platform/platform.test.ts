import { existsSync } from "node:fs";
import { mkdtemp, readdir, readlink, rm, symlink } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import * as browser from "./browser.ts";
import * as node from "./node.ts";
import { PlatformError, type Platform } from "./platform.ts";

const platforms: Readonly<Record<string, Platform>> = { node, browser };

/** All pieces as one. */
async function joined(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return new Uint8Array(Buffer.concat(all));
}

describe.each(Object.entries(platforms))("platform/%s", (_name, platform) => {
  test("has exactly the functions of the other", () => {
    expect(Object.keys(platform).sort()).toEqual(Object.keys(node).sort());
  });

  test("clock goes forward", () => {
    const before = platform.now();
    expect(platform.now()).toBeGreaterThanOrEqual(before);
  });
});

describe("platform/node", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "myelin-platform-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("what is written is read back, and written over", async () => {
    const path = join(folder, "a.bin");
    for (const bytes of [new Uint8Array([1, 2, 255]), new Uint8Array(0), new Uint8Array(100_000).fill(7)]) {
      await node.writeFile(path, bytes);
      expect(await node.readFile(path)).toEqual(bytes);
    }
    expect(await node.listDirectory(folder)).toEqual(["a.bin"]);
    expect(await node.fileExists(path)).toBe(true);
    expect(await node.fileExists(join(folder, "b.bin"))).toBe(false);
  });

  test("a large file is written and read in pieces", async () => {
    const path = join(folder, "pieces.bin");
    await node.writeFile(path, [Uint8Array.of(1, 2, 3), new Uint8Array(0), Uint8Array.of(4, 5)]);
    const read = async (most?: number): Promise<number[][]> =>
      (await node.readPieces(path, most)).map((piece) => [...piece]);
    expect(await read()).toEqual([[1, 2, 3, 4, 5]]);
    expect(await read(5)).toEqual([[1, 2, 3, 4, 5]]);
    expect(await read(2)).toEqual([[1, 2], [3, 4], [5]]);
    await expect(node.readPieces(join(folder, "none.bin"))).rejects.toThrow(/none\.bin/);
    await rm(path);
  });

  test("a view writes its own bytes, not its buffer's", async () => {
    const path = join(folder, "view.bin");
    await node.writeFile(path, new Uint8Array([0, 1, 2, 3, 4]).subarray(1, 3));
    expect([...(await node.readFile(path))]).toEqual([1, 2]);
  });

  test("bytes are added at the end, in folders that are made", async () => {
    const path = join(folder, "new", "deep", "log.bin");
    await node.writeFile(join(folder, "other", "deep", "a.bin"), Uint8Array.of(3));
    expect([...(await node.readFile(join(folder, "other", "deep", "a.bin")))]).toEqual([3]);
    await rm(join(folder, "other"), { recursive: true });
    for (const byte of [1, 2]) await node.appendFile(path, new Uint8Array([byte, byte]));
    expect([...(await node.readFile(path))]).toEqual([1, 1, 2, 2]);
    await expect(node.appendFile(join(path, "below"), new Uint8Array(1))).rejects.toThrow(/a folder was wanted/);
    await expect(node.appendFile(folder, new Uint8Array(1))).rejects.toThrow(/it is a folder/);
  });

  test("a file in pieces, whole and in part", async () => {
    const path = join(folder, "pieces.bin");
    const bytes = Uint8Array.from({ length: 2_500_000 }, (_, at) => at % 251);
    await node.writeFile(path, bytes);
    expect(Buffer.compare(await joined(node.readChunks(path)), bytes)).toBe(0);
    for (const [start, end] of [
      [0, 10],
      [1_000_000, 2_100_000],
      [2_499_999, 9e9],
      [3e6, 4e6],
      [5, 5],
    ] as const)
      expect(Buffer.compare(await joined(node.readChunks(path, { start, end })), bytes.subarray(start, end))).toBe(0);
    await expect(joined(node.readChunks(join(folder, "none")))).rejects.toThrow(/reading ".*none": it does not exist/);
    await expect(joined(node.readChunks(folder))).rejects.toThrow(
      /^reading "[^"]*": it is a folder, and a file was wanted\.$/,
    );
    await rm(path);
  });

  test("a file written piece by piece", async () => {
    const path = join(folder, "log.bin");
    const first = await node.openWriter(path);
    await Promise.all([first.write(Uint8Array.of(1, 2)), first.write(Uint8Array.of(3)), first.flush()]);
    expect([...(await node.readFile(path))]).toEqual([1, 2, 3]);
    await first.close();
    await expect(first.write(Uint8Array.of(5))).rejects.toThrow(PlatformError);
    expect([...(await node.readFile(path))]).toEqual([1, 2, 3]);
    await (await node.openWriter(path)).close();
    expect(await node.readFile(path)).toEqual(new Uint8Array(0));
    await expect(node.openWriter(join(folder, "none", "a"))).rejects.toThrow(/writing .* does not exist/);
    await rm(path);
  });

  test.skipIf(!existsSync("/dev/full"))("a device is written to, and no file takes its place", async () => {
    const link = join(folder, "device");
    await symlink("/dev/full", link);
    await expect(node.writeFile(link, new Uint8Array(1))).rejects.toThrow(/the disk is full/);
    expect(await readlink(link)).toBe("/dev/full");
    await rm(link);
  });

  test("failures are typed, name the path and leave nothing behind", async () => {
    await expect(node.readFile(join(folder, "none"))).rejects.toThrow(PlatformError);
    await expect(node.readFile(join(folder, "none"))).rejects.toThrow(/reading ".*none": it does not exist\. Check/);
    await expect(node.readFile(folder)).rejects.toThrow(/it is a folder/);
    await expect(node.listDirectory(join(folder, "none"))).rejects.toThrow(/does not exist/);
    await node.writeFile(join(folder, "file"), new Uint8Array(1));
    await expect(node.writeFile(join(folder, "file", "c"), new Uint8Array(1))).rejects.toThrow(/a folder was wanted/);
    // The rename onto a folder fails after the temporary file was written: it must be gone.
    await expect(node.writeFile(folder, new Uint8Array(1))).rejects.toThrow(PlatformError);
    const beside = await readdir(join(folder, ".."));
    expect(beside.filter((name) => folder.endsWith(name.split(".")[0]!) && name.endsWith(".tmp"))).toEqual([]);
  });

  test("environment and threads", () => {
    process.env["MYELIN_PLATFORM_TEST"] = "yes";
    expect(node.environment("MYELIN_PLATFORM_TEST")).toBe("yes");
    process.env["MYELIN_PLATFORM_TEST"] = "";
    expect(node.environment("MYELIN_PLATFORM_TEST")).toBeUndefined();
    delete process.env["MYELIN_PLATFORM_TEST"];
    expect(node.threadCount()).toBeGreaterThanOrEqual(1);
  });
});

describe("platform/node output", () => {
  test("goes to standard output, and knows how wide a terminal is", () => {
    const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
    node.writeText("a line\n");
    const calls = [...write.mock.calls];
    write.mockRestore();
    expect(calls).toEqual([["a line\n"]]);
    const { isTTY, columns } = process.stdout;
    try {
      Object.assign(process.stdout, { isTTY: true, columns: 120 });
      expect(node.terminalColumns()).toBe(120);
      process.stdout.columns = 0;
      expect(node.terminalColumns()).toBe(80);
      process.stdout.isTTY = false;
      expect(node.terminalColumns()).toBeUndefined();
    } finally {
      Object.assign(process.stdout, { isTTY, columns });
    }
  });
});

describe("platform/node workers", () => {
  test("share memory, tell how they end, and can be stopped in a loop", async () => {
    const shared = new Int32Array(new SharedArrayBuffer(8));
    const reason = await new Promise((resolve) => {
      node.startWorker(
        String((words: Int32Array) => void Atomics.store(words, 0, 7)),
        shared,
        resolve,
      );
    });
    expect(reason).toBeUndefined();
    expect(shared[0]).toBe(7);
    const error = await new Promise((resolve) => node.startWorker("() => missing()", undefined, resolve));
    expect(String(error)).toMatch(/missing is not defined/);
    let ended = false;
    const endless = (words: Int32Array): void => {
      Atomics.store(words, 1, 1);
      for (;;) Atomics.load(words, 1);
    };
    const worker = node.startWorker(String(endless), shared, () => (ended = true));
    while (Atomics.load(shared, 1) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    worker.stop();
    expect(ended).toBe(false);
  });
});

describe("platform/browser", () => {
  let server: Server;
  let origin: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const [, first, last] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "") ?? [];
      if (request.url === "/ranges" && first !== undefined) {
        response.statusCode = Number(first) > 2 ? 416 : 206;
        response.end(new Uint8Array([1, 2, 3]).subarray(Number(first), last ? Number(last) + 1 : 3));
        return;
      }
      if (request.url === "/broken") {
        response.setHeader("content-length", 10);
        response.write(new Uint8Array([1, 2, 3]), () => setTimeout(() => response.destroy(), 20));
        return;
      }
      response.statusCode = ["/data", "/ranges"].includes(request.url!) ? 200 : 404;
      response.end(new Uint8Array([1, 2, 3]));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  test("reads URLs", async () => {
    expect([...(await browser.readFile(`${origin}/data`))]).toEqual([1, 2, 3]);
    expect(await browser.fileExists(`${origin}/data`)).toBe(true);
    expect(await browser.fileExists(`${origin}/none`)).toBe(false);
    await expect(browser.readFile(`${origin}/none`)).rejects.toThrow(/the server answered 404/);
    await expect(browser.readFile("http://127.0.0.1:1/")).rejects.toThrow(/the request failed\. Check the URL/);
  });

  test.each(["/ranges", "/data"])("reads %s in part, whether the server knows ranges or not", async (path) => {
    const read = async (start?: number, end?: number): Promise<number[]> => [
      ...(await joined(browser.readChunks(origin + path, { start, end }))),
    ];
    expect(await read()).toEqual([1, 2, 3]);
    expect(await read(1)).toEqual([2, 3]);
    expect(await read(1, 2)).toEqual([2]);
    expect(await read(0, 9)).toEqual([1, 2, 3]);
    expect(await read(7)).toEqual([]);
    expect(await read(1, 1)).toEqual([]);
  });

  test("tells of a connection that breaks", async () => {
    await expect(joined(browser.readChunks(`${origin}/broken`))).rejects.toThrow(
      /reading ".*broken": the connection broke after byte 3/,
    );
    await expect(joined(browser.readChunks(`${origin}/none`))).rejects.toThrow(/the server answered 404/);
  });

  test("says what to do about what a page cannot do", async () => {
    await expect(browser.writeFile("a", new Uint8Array(3))).rejects.toThrow(PlatformError);
    await expect(browser.writeFile("a", new Uint8Array(3))).rejects.toThrow(/Offer them as a download/);
    await expect(browser.appendFile("a", new Uint8Array(3))).rejects.toThrow(/offer a download/);
    await expect(browser.openWriter("a")).rejects.toThrow(/cannot write files/);
    await expect(browser.listDirectory("a")).rejects.toThrow(/Name the files yourself/);
    expect(browser.environment("PATH")).toBeUndefined();
  });

  test("shows text in the console, which ends lines itself", () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
    browser.writeText("a line\n");
    expect(log.mock.calls).toEqual([["a line"]]);
    log.mockRestore();
    expect(browser.terminalColumns()).toBeUndefined();
  });
});
