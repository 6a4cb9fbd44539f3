import { expect, test } from "vitest";
import { ArgumentError } from "../core/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tensor } from "../tensor/create.ts";
import * as nn from "./index.ts";
import { matchesPath } from "./paths.ts";

class Net extends nn.Module {
  features = new nn.Sequential([new nn.Linear(4, 4), new nn.ReLU(), new nn.Linear(4, 4)] as nn.Module[]);
  parts = { head: [new nn.Linear(4, 10)] };

  forward(x: Tensor): Tensor {
    return this.parts.head[0]!.forward(this.features.forward(x));
  }
}

const trained = (model: nn.Module): string[] =>
  [...model.namedParameters()].filter(([, { requiresGrad }]) => requiresGrad).map(([path]) => path);

test.each([
  ["fc1.weight", "fc1", true],
  ["fc1.weight", "fc1.weight", true],
  ["fc10.weight", "fc1", false],
  ["layers.3.norm.bias", "layers.*.norm", true],
  ["layers.3.fc.bias", "layers.*.norm", false],
  ["fc12.weight", "fc*.weight", true],
  ["fc12.bias", "fc*.weight", false],
  ["a.b", "a.b.c", false],
  ["axb", "a.b", false],
  ["deep.norm.weight", /norm/, true],
])("%s is meant by %s: %s", (path, pattern, yes) => expect(matchesPath(path, pattern)).toBe(yes));

test("parameters are frozen and unfrozen by path", () => {
  const model = new Net();
  model.freeze().unfreeze("parts.head");
  expect(trained(model)).toEqual(["parts.head.0.weight", "parts.head.0.bias"]);
  model.unfreeze().freeze("features.0", /bias$/);
  expect(trained(model)).toEqual(["features.2.weight", "parts.head.0.weight"]);
  expect(() => model.freeze("fc")).toThrow(ArgumentError);
  expect(() => model.freeze("fc")).toThrow(/^freeze: nothing is called fc; there is features.0.weight, .* at paths/);
  expect(trained(model)).toEqual(["features.2.weight", "parts.head.0.weight"]);
});

test("another module takes the place of one, wherever it is", () => {
  const model = new Net();
  const head = nn.moduleAt(model, "parts.head.0") as nn.Linear;
  expect(nn.replaceModule(model, "parts.head.0", new nn.Linear(head.inFeatures, 3))).toBe(head);
  expect(model.forward(tensor([[1, 2, 3, 4]])).shape).toEqual([1, 3]);
  nn.replaceModule(model, "features.2", new nn.Linear(4, 4, { bias: false }));
  expect([...model.namedParameters().keys()]).not.toContain("features.2.bias");
  nn.replaceModule(model, "features", new nn.ReLU());
  expect(model.forward(tensor([[1, 2, 3, 4]])).shape).toEqual([1, 3]);
  expect(() => nn.replaceModule(model, "", new nn.ReLU())).toThrow(/is the model itself/);
  expect(() => nn.moduleAt(model, "fc")).toThrow(/has no module fc; there is features, parts.head.0/);
});
