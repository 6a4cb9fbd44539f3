/** Data to train on and data to test on. */
export { datedColumn } from "./dated.ts";
export {
  groupKFold,
  kFold,
  rollingWindow,
  stratifiedKFold,
  timeSeriesSplit,
  type FoldOptions,
  type RollingOptions,
  type TimeSeriesOptions,
} from "./folds.ts";
export { select, type Examples, type Part } from "./select.ts";
export { trainTestSplit, type Labels, type Split, type SplitOptions } from "./trainTestSplit.ts";
