/** Layers on graphs. */
export type { EdgeList, Edges } from "./edges.ts";
export { GATConv, type GATConvOptions } from "./gat.ts";
export { GCNConv, type GCNConvOptions } from "./gcn.ts";
export { GINConv, type GINConvOptions } from "./gin.ts";
export { MessagePassing, type Aggregation, type Message } from "./messagePassing.ts";
export { sampleNeighbours, type SampleOptions } from "./sampling.ts";
export { SAGEConv, type SAGEConvOptions } from "./sage.ts";
