import { expect, test } from "vitest";
import { NonFiniteError } from "../train/callbacks/nanWatch.ts";
import * as errors from "./errors.ts";
import { arrivedError, sentError } from "./sentError.ts";

type ErrorClass = new (message: string) => Error;
const classes = Object.entries(errors).filter(([name]) => name.endsWith("Error")) as [string, ErrorClass][];

test("errors are of their class on the other side, and named, where a bundler has shortened the names of classes", () => {
  expect(classes.length).toBeGreaterThan(12);
  for (const [name, Class] of classes) {
    Object.defineProperty(Class, "name", { value: "b" });
    try {
      const error = new Class("it does not fit");
      expect(error.name).toBe(name);
      expect(String(error)).toMatch(`${name}: it does not fit`);
      expect(error.stack).toMatch(new RegExp(`^${name}: it does not fit`));
      const arrived = arrivedError(structuredClone(sentError(error)));
      expect(arrived).toBeInstanceOf(Class);
      expect(arrived.name).toBe(name);
      expect(arrived.message).toBe(error.message);
    } finally {
      Object.defineProperty(Class, "name", { value: name });
    }
  }
  expect(new NonFiniteError("x", undefined, undefined).name).toBe("NonFiniteError");
});
