/** What can take part in training: see `Callback` to write one. */
export { frozenNorms } from "./frozenNorms.ts";
export { gradualUnfreezing, type GradualUnfreezingOptions } from "./gradualUnfreezing.ts";
export { tensorBoard, type Images, type TensorBoardOptions } from "../monitor/tensorBoard.ts";
export { weightAveraging, type WeightAveragingOptions } from "./weightAveraging.ts";
