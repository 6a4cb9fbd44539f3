/** Callbacks: the engine's, also under the names of Keras that differ. */
export * from "../train/callbacks/index.ts";
export { reduceOnPlateau as reduceLROnPlateau } from "../train/callbacks/index.ts";
