/** Trainable tensors: handles on cells. */
import type { Shape } from "../core/shape.ts";
import type { Node } from "../graph/node.ts";
import { assign } from "./assign.ts";
import type { Cell } from "./cell.ts";
import { nodeOf } from "./operand.ts";
import { Tensor } from "./tensor.ts";

/** A tensor whose value lives in a cell: reading it gives the current version, assigning makes a new one. */
export class StateTensor<out S extends Shape = Shape> extends Tensor<S> {
  readonly cell: Cell;

  constructor(cell: Cell) {
    super(cell.version());
    this.cell = cell;
  }

  override get node(): Node {
    return this.cell.read();
  }

  override get device(): string {
    return this.cell.device;
  }

  /**
   * Gives it a new value: in the traced function at hand, or at once. No gradient flows through.
   * @throws ShapeError when shape or dtype differ, ArgumentError for what is no tensor.
   */
  assign(value: Tensor): void {
    assign([{ cell: this.cell, value: nodeOf(value, this.cell.label) }]);
  }

  override detach(): Tensor<S> {
    return new Tensor<S>(this.cell.readDetached());
  }

  /** What `backward` has accumulated since it was cleared; null before. */
  override get grad(): Tensor<S> | null {
    const { gradient } = this.cell;
    return gradient.empty ? null : new Tensor<S>(gradient.read());
  }
}

/**
 * A trainable tensor. `backward` accumulates into `grad`; optimizers assign it.
 * Setting `requiresGrad` to false freezes it: it takes no gradient and no update.
 */
export class Parameter<out S extends Shape = Shape> extends StateTensor<S> {
  declare readonly isParameter: true;

  override get requiresGrad(): boolean {
    return this.cell.requiresGrad;
  }

  override set requiresGrad(on: boolean) {
    this.cell.requiresGrad = on;
  }
}

/** State that is saved with a module but not trained (running statistics, counters). */
export class BufferTensor<out S extends Shape = Shape> extends StateTensor<S> {}
