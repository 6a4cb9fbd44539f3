/** The same in a page, as Vite builds it. */
import { describe } from "vitest";
import { workerCases } from "./cases.testing.ts";

describe("workers in a page", () => {
  workerCases(
    () => () => new Worker(new URL("./training.testing.ts", import.meta.url), { type: "module" }),
    () => new URL("/missing.js", location.href),
  );
});
