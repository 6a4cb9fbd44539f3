/** What can be seen in a traced step. */
export {
  histogramWatch,
  type HistogramKind,
  type HistogramOptions,
  type Histograms,
  type TensorHistogram,
} from "./histograms.ts";
