export * from "./scalar.ts";
