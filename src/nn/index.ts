/** Layers and what models are made of. */
export * from "./activation.ts";
export { Flatten } from "./flatten.ts";
export type { ForwardHook, ForwardStartHook } from "./hooks.ts";
export * as init from "./init/index.ts";
export { Linear, type LinearOptions } from "./linear.ts";
export { Module } from "./module.ts";
export type { Rule } from "./rules.ts";
export { Sequential, sequential, type Layer } from "./sequential.ts";
export { buffer, parameter } from "./state.ts";
export type { LoadOptions, LoadResult, StateDict } from "./stateDict.ts";
export { BufferTensor, Parameter } from "../tensor/parameter.ts";
