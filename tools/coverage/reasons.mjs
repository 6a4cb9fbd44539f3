/**
 * Why rows have no test yet, by id: the only rows of a listed group that may lack one. A row that has a test must leave.
 *
 * @type {Readonly<Record<string, string>>}
 */
export const reasons = {
  C11: "tables of hardware come with the guidance pages; the CORDIC functions it asks for are row C25",
  C16: "programs without their source come with the exchange formats",
  C19: "comes with training on several machines",
  D12: "advice on hardware comes with the guidance pages",
  I12: "second-order optimizers come later",
  I13: "second-order optimizers come later",
  I14: "second-order optimizers come later",
  I18: "sharded state comes with training on several machines",
  V7: "weights of eight bits and fewer come with the exchange formats",
  Z4: "HDF5 comes with the exchange formats",
  Z6: "PyTorch's own files come with the exchange formats; .safetensors of PyTorch are read",
  Z9: "TorchScript comes with the exchange formats",
  Z12: "ONNX comes with the exchange formats",
  AC6: "an API that serves predictions comes with serving",
  AC9: "words about levels of AGI, no code: they come with the glossary",
};
