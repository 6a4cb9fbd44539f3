/** Datasets by name: `datasets.mnist.load()`. */
export { cora, type CitationGraph } from "./cora.ts";
export type { LoadOptions } from "./download.ts";
export { cifar10, cifar100, cifarDataset, fashionMnist, imageNet, mnist, type Cifar, type ImageSet } from "./images.ts";
export { breastCancer, iris, wine, type LabelledTable } from "./tables.ts";
export { tinyShakespeare } from "./texts.ts";
