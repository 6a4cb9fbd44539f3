/** Parameters that share options, and what an optimizer keeps for them. */
import { allocate, isFloat, type DType, type TypedArray } from "../core/dtype.ts";
import { ArgumentError } from "../core/errors.ts";
import { sizeOf } from "../core/shape.ts";
import { Cell } from "../tensor/cell.ts";
import { Parameter } from "../tensor/parameter.ts";

/** Options that every optimizer has. */
export interface OptimizerOptions {
  /** Learning rate. */
  readonly lr: number;
}

/** Parameters with options of their own; what is left out is taken from the optimizer's. */
export type GroupOptions<O> = Partial<O> & { readonly params: Iterable<Parameter> };

/** What an optimizer is made for: parameters, or groups of them. */
export type Parameters<O> = Iterable<Parameter> | Iterable<GroupOptions<O>>;

/** A parameter and the cells of its state. */
export interface Slot {
  readonly parameter: Cell;
  readonly state: Readonly<Record<string, Cell>>;
  /** How often it was updated. Parameters that were always updated together share this cell. */
  count: Cell;
}

/** A cell holding one number. */
export function scalarCell(value: number, dtype: DType, label: string): Cell {
  return Cell.of(allocate(dtype, 1).fill(value) as TypedArray, [], dtype, { label });
}

/** A group of parameters. Setting `lr` takes effect at the next step and recompiles nothing. */
export class ParameterGroup<O extends OptimizerOptions = OptimizerOptions> {
  readonly options: O;
  readonly slots: readonly Slot[];
  readonly rate: Cell;
  #lr: number;

  constructor(options: O, slots: readonly Slot[], dtype: DType) {
    this.options = options;
    this.slots = slots;
    checkRate(options.lr);
    this.#lr = options.lr;
    this.rate = scalarCell(options.lr, dtype, "learning rate");
  }

  get lr(): number {
    return this.#lr;
  }

  set lr(value: number) {
    checkRate(value);
    this.rate.set(allocate(this.rate.dtype, 1).fill(value) as TypedArray);
    this.#lr = value;
  }
}

function checkRate(lr: number): void {
  if (!(lr >= 0 && lr < Infinity)) throw new ArgumentError(`optimizer: lr must be a number of 0 or more, got ${lr}`);
}

/** Parameters by group. Throws ArgumentError for none, for something else, and for one that comes twice. */
export function grouped<O>(given: Parameters<O>): { parameters: Cell[]; options: Partial<O> }[] {
  const items = [...given] as (Parameter | GroupOptions<O>)[];
  const plain = items.filter((item) => item instanceof Parameter);
  if (plain.length > 0 && plain.length < items.length)
    throw new ArgumentError(
      "optimizer: got parameters and groups side by side. Give one list of parameters, or one of groups",
    );
  const groups = plain.length > 0 ? [{ params: plain } as unknown as GroupOptions<O>] : (items as GroupOptions<O>[]);
  const seen = new Set<Cell>();
  const result = groups.map((group) => {
    const { params, ...options } = group;
    if (typeof params?.[Symbol.iterator] !== "function")
      throw new ArgumentError("optimizer: wants parameters, or groups { params, … } of them, got something else");
    const parameters = [...params].map((parameter) => {
      if (!(parameter instanceof Parameter))
        throw new ArgumentError("optimizer: a group holds something that is no parameter");
      if (!isFloat(parameter.cell.dtype)) throw new ArgumentError(`optimizer: ${parameter.cell.label} is no float`);
      return parameter.cell;
    });
    for (const cell of parameters) {
      if (seen.has(cell)) throw new ArgumentError(`optimizer: ${cell.label} is in two places`);
      seen.add(cell);
    }
    return { parameters, options: options as unknown as Partial<O> };
  });
  if (seen.size === 0) throw new ArgumentError("optimizer: got no parameters. Give it model.parameters()");
  return result;
}

/** A zeroed cell like a parameter. */
export function stateLike(parameter: Cell, name: string): Cell {
  const array = allocate(parameter.dtype, sizeOf(parameter.shape));
  return Cell.of(array, parameter.shape, parameter.dtype, { label: `${parameter.label}.${name}` });
}
