/** Memory of training: estimated before, planned, queried, and what to do where it is short. */
export {
  hardwareTier,
  memoryAdvice,
  memoryTechniques,
  speedPriorities,
  type HardwareTier,
  type MemoryTechnique,
} from "./advice.ts";
export { findBatchSize, type BatchSearchOptions, type FoundBatch } from "./batch.ts";
export { deviceMemory, type DeviceMemory } from "./device.ts";
export { estimateMemory, type EstimateOptions, type MemoryEstimate, type OptimizerState } from "./estimate.ts";
export { plannedMemory, type MemoryPlan } from "../../tensor/plannedMemory.ts";
