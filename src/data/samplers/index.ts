/** In which order a `DataLoader` reads, and what it reads together. */
export { BatchSampler } from "./batch.ts";
export { DistributedSampler, type DistributedSamplerOptions } from "./distributed.ts";
export { RandomSampler, SubsetRandomSampler, type RandomSamplerOptions } from "./random.ts";
export type { BatchSamplerLike, Sampler, Sized } from "./sampler.ts";
export { SequentialSampler } from "./sequential.ts";
export { StratifiedSampler } from "./stratified.ts";
export { WeightedRandomSampler } from "./weighted.ts";
