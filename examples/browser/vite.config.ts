/** `npm run page` serves this folder; `npx vite build examples/browser` makes `build/page`, to be put on any web server. */
import { fileURLToPath } from "node:url";
import { defineConfig, type UserConfig } from "vite";
import { aliases } from "../../aliases.config.ts";

/** With these headers a page may share memory with its threads: without them one thread computes. */
const isolation = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

const config: UserConfig = defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "./",
  // A project that has installed the package needs no aliases.
  resolve: { alias: aliases("default") },
  server: { headers: isolation },
  preview: { headers: isolation },
  build: { outDir: "../../build/page", emptyOutDir: true, target: "es2022" },
});

export default config;
