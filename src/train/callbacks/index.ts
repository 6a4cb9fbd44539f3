/** What can take part in training: see `Callback` to write one. */
export { tensorBoard, type Images, type TensorBoardOptions } from "../monitor/tensorBoard.ts";
