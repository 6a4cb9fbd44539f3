/**
 * Why rows have no test yet, by id: the only rows of a listed group that may lack one. A row that has a test must leave.
 *
 * @type {Readonly<Record<string, string>>}
 */
export const reasons = {
  C11: "tables of hardware come with the guidance pages; the CORDIC functions it asks for are row C25",
  C14: "the compiler chooses by estimated cost; timing candidates comes with devices whose cost it cannot tell",
  C16: "programs without their source come with the exchange formats",
  C19: "comes with training on several machines",
  D9: "a graphics device comes later; D1 to D8 are tested on the kernel language, interpreted",
  D10: "needs a graphics device",
  D12: "advice on hardware comes with the guidance pages",
  I12: "second-order optimizers come later",
  I13: "second-order optimizers come later",
  I14: "second-order optimizers come later",
  I18: "sharded state comes with training on several machines",
  J15: "comes with the callbacks; schedules themselves are rows J1 to J14",
  L9: "comes with the callbacks; `fit` ends where `onEpoch` says so",
  N2: "comes with the Keras face",
  N37: "comes with the Keras face",
  N38: "comes with the Keras face",
  AK9: "comes with the callbacks",
  AK22: "Keras' orientation of weights comes with the Keras face",
};
