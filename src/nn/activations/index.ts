/** Activations as functions (`nn.relu`), as modules (`new nn.ReLU()`) and by name. */
export * from "./byName.ts";
export * from "./gated.ts";
export * from "./hard.ts";
export * from "./learned.ts";
export * from "./rectifiers.ts";
export * from "./shares.ts";
export * from "./smooth.ts";
export { hiddenActivation, outputActivation } from "./choose.ts";
export type { HiddenChoice, OutputChoice, Situation, Task } from "./choose.ts";
export { activationCurve, type Curve } from "./curve.ts";
export { deadUnits, type DeadUnits, type DeadUnitsOptions } from "./deadUnits.ts";
export { activationProperties, type ActivationProperties } from "./properties.ts";
export { activationCandidates } from "./search.ts";
