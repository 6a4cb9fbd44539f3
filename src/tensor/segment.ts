/** Rows gathered into groups that data names, as users call it; also the readout of a batch of graphs. */
import * as segment from "./functional/segment.ts";
import { fromNode, type Tensor } from "./tensor.ts";

/**
 * Sums of rows [n, …] by segment: [count, …], where `ids` [n] names each row's segment. Empty segments are 0, rows whose
 * segment is none of 0 … count − 1 are dropped. Throws ShapeError, DTypeError for ids that are no integers.
 * @example segmentSum(nodeFeatures, graphOfNode, graphs) // readout of a batch of graphs
 */
export function segmentSum(x: Tensor, ids: Tensor, count: number): Tensor {
  return fromNode(segment.segmentSum(x.node, ids.node, count));
}

/** Means of rows by segment; empty segments are 0. */
export function segmentMean(x: Tensor, ids: Tensor, count: number): Tensor {
  return fromNode(segment.segmentMean(x.node, ids.node, count));
}

/** Largest elements of rows by segment; empty segments are 0. Equal largest ones share the gradient. */
export function segmentMax(x: Tensor, ids: Tensor, count: number): Tensor {
  return fromNode(segment.segmentMax(x.node, ids.node, count));
}

/** Smallest elements of rows by segment; empty segments are 0. */
export function segmentMin(x: Tensor, ids: Tensor, count: number): Tensor {
  return fromNode(segment.segmentMin(x.node, ids.node, count));
}

/** Softmax of rows among those of their segment: [n, …]. */
export function segmentSoftmax(x: Tensor, ids: Tensor, count: number): Tensor {
  return fromNode(segment.segmentSoftmax(x.node, ids.node, count));
}
