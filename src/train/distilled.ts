/** A student that learns what a teacher says. */
import { distillation, type DistillationOptions } from "../nn/losses/distillation.ts";
import { Module } from "../nn/module.ts";
import { noGrad } from "../tensor/autodiff.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Model } from "./model.ts";

/** Logits of both. */
export interface DistilledOutputs {
  readonly student: Tensor;
  readonly teacher: Tensor;
}

/** Options of {@link distillation}, except the labels: they come with the data. */
export type DistilledOptions = Pick<DistillationOptions, "temperature" | "alpha">;

/**
 * Student and teacher as one model for `fit` (Hinton et al. 2015). Only the student is in it: its parameters are trained and
 * saved, under `student.`; the teacher runs in evaluation mode and without gradients.
 *
 * @example
 * const pair = new Distilled(student, teacher, { temperature: 4, alpha: 0.7 });
 * await fit(pair, train, {
 *   optimizer: new optim.AdamW(student.parameters()),
 *   loss: pair.loss,
 *   metrics: { accuracy: pair.of(accuracy) },
 * });
 */
export class Distilled<X = Tensor> extends Module {
  readonly student: Model<X, Tensor>;
  readonly #teacher: Model<X, Tensor>;
  readonly #options: DistilledOptions;

  constructor(student: Model<X, Tensor>, teacher: Model<X, Tensor>, options: DistilledOptions = {}) {
    super();
    this.student = student;
    this.#teacher = teacher.eval();
    this.#options = options;
  }

  forward(inputs: X): DistilledOutputs {
    return { student: this.student.forward(inputs), teacher: noGrad(() => this.#teacher.forward(inputs)) };
  }

  /** The loss of both outputs and the labels [...], integers. */
  get loss(): (outputs: DistilledOutputs, labels: Tensor) => Tensor {
    return ({ student, teacher }, labels) => distillation(student, teacher, { ...this.#options, labels });
  }

  /** A score of the student's outputs, for outputs of both. */
  of<Y, T>(score: (outputs: Tensor, targets: Y) => T): (outputs: DistilledOutputs, targets: Y) => T {
    return ({ student }, targets) => score(student, targets);
  }
}
