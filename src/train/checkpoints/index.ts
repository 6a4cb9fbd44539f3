/** Saving a training run and going on with it. */
export { Checkpoint, load, save, type Fields, type Parts } from "./checkpoint.ts";
export { best, CheckpointFolder, latest, type FolderOptions, type Version } from "./folder.ts";
export type { SavedDevice } from "./manifest.ts";
export type { HasState, HasStateDict, Stateful } from "./state.ts";
