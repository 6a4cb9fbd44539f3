/** Files and images in a real browser: URLs for paths, the browser's own decoders. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundle } from "../../../bench/bundle.ts";
import { hasChromium, serveBrowser, type ServedBrowser } from "../../platform/chromium.testing.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

const images = JSON.parse(
  readFileSync(new URL("../../../tools/goldens/results/images.json", import.meta.url), "utf8"),
) as {
  readonly rgba: string;
  readonly png: string;
  readonly turned: string;
  readonly photo: { readonly file: string; readonly pixels: string };
};
const PROGRAM = `import { files, Dataset } from "myelin"; Object.assign(globalThis, { files, Dataset });`;

describe.skipIf(!hasChromium())("files, in a browser", () => {
  let browser: ServedBrowser;
  beforeAll(async () => {
    const photo = Buffer.from(images.photo.file, "base64");
    browser = await serveBrowser({
      "/page.js": (await bundle(PROGRAM, { root, from: "src" })).code,
      "/two.png": Buffer.from(images.png, "base64"),
      "/rgba.png": Buffer.from(images.rgba, "base64"),
      "/photo.jpg": photo,
      "/turned.jpg": Buffer.from(images.turned, "base64"),
      "/cut.jpg": photo.subarray(0, 200),
      "/a.csv.gz": gzipSync("x,y\n1,2\n3,4\n"),
    });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
  });

  test("[S38] images are decoded as in Node, CSV is fetched and unpacked, pages cannot write", async () => {
    const page = await browser.open();
    const found = (await page.evaluate(`(async () => {
      const read = async (name, options) => files.decodeImage(new Uint8Array(await (await fetch(name)).arrayBuffer()), options, name);
      const plain = ({ shape, data }) => ({ shape, data: Array.from(data) });
      const again = await files.decodeImage(await files.encodeImage({ dtype: "u8", shape: [1, 2], data: Uint8Array.of(7, 200) }), { channels: 1 });
      const list = Dataset.from([{ path: "/two.png", label: 3 }]);
      return {
        two: plain(await read("/two.png")),
        alpha: plain(await read("/rgba.png", { channels: 4 })).data.filter((_, at) => at % 4 === 3),
        photo: plain(await read("/photo.jpg")),
        turned: (await read("/turned.jpg")).shape,
        sized: (await read("/photo.jpg", { size: [5, 7], fit: "cover", channels: 1 })).shape,
        again: plain(again),
        cut: await read("/cut.jpg").catch((error) => error.message),
        page: await read("/none.jpg").catch((error) => error.message),
        rows: await files.csv("/a.csv.gz").toArray(),
        example: (await files.images(list).toArray()).map(([image, label]) => [image.shape, label.data[0]]),
        written: await files.writeCsv("/b.csv", { a: [1] }).catch((error) => error.message),
      };
    })()`)) as Record<string, unknown> & { readonly photo: { readonly shape: number[]; readonly data: number[] } };
    const { photo, ...rest } = found;
    expect(rest).toEqual({
      two: { shape: [2, 2, 3], data: [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255] },
      alpha: [255, 128, 0, 255],
      turned: [32, 24, 3],
      sized: [5, 7, 1],
      again: { shape: [1, 2, 1], data: [7, 200] },
      cut: expect.stringMatching(/^\/cut\.jpg: the image cannot be decoded/),
      page: expect.stringMatching(/^\/none\.jpg: the image cannot be decoded .*HTML page/),
      rows: [
        { x: 1, y: 2 },
        { x: 3, y: 4 },
      ],
      example: [[[2, 2, 3], 3]],
      written: expect.stringMatching(/a browser page cannot write files/),
    });
    expect(photo.shape).toEqual([24, 32, 3]);
    const wanted = Buffer.from(images.photo.pixels, "base64");
    expect(Math.max(...photo.data.map((value, at) => Math.abs(value - wanted[at]!)))).toBeLessThanOrEqual(3);
    await page.close();
  }, 60_000);
});
