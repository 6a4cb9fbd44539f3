/** Activations as functions (`nn.relu`), as modules (`new nn.ReLU()`) and by name. */
export * from "./byName.ts";
export * from "./gated.ts";
export * from "./hard.ts";
export * from "./learned.ts";
export * from "./rectifiers.ts";
export * from "./shares.ts";
export * from "./smooth.ts";
