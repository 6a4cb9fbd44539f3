/** Texts: tiny Shakespeare. */
import { readFile } from "#platform";
import { folderOf, obtain, type LoadOptions } from "./download.ts";

/**
 * 40,000 lines of Shakespeare's plays, 1,115,394 letters of ASCII (karpathy/char-rnn).
 *
 * @example
 * const text = await datasets.tinyShakespeare.load();
 */
export const tinyShakespeare = {
  async load(options: LoadOptions = {}): Promise<string> {
    const file = {
      name: "tinyshakespeare.txt",
      urls: ["https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"],
      checksum: { sha256: "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed" },
    };
    const [path] = await obtain("tinyShakespeare", [file], folderOf("tinyShakespeare", options), options);
    return new TextDecoder().decode(await readFile(path!));
  },
} as const;
