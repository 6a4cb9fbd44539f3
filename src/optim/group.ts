/** Parameters that share options, and what an optimizer keeps for them. */
import { allocate, isFloat, type DType, type TypedArray } from "../core/dtype.ts";
import { ArgumentError } from "../core/errors.ts";
import { sizeOf } from "../core/shape.ts";
import { Cell } from "../tensor/cell.ts";
import { bumpEpoch } from "../tensor/epoch.ts";
import { Parameter } from "../tensor/parameter.ts";
import { checkOption, checkOptions, type OptimizerOptions, type Rule, type StateOfShape } from "./rule.ts";

/** Parameters with options of their own; what is left out is taken from the optimizer's. */
export type GroupOptions<O> = Partial<O> & { readonly params: Iterable<Parameter> };

/** What an optimizer is made for: parameters, or groups of them. */
export type Parameters<O> = Iterable<Parameter> | Iterable<GroupOptions<O>>;

/** A parameter and the cells of its state. */
export interface Slot {
  readonly parameter: Cell;
  state: Readonly<Record<string, Cell>>;
  /** How often it was updated. Parameters that were always updated together share this cell. */
  count: Cell;
}

/** Options that schedules may move. */
interface Movable {
  readonly momentum?: number;
  readonly betas?: readonly number[];
}

/** A cell with one number in every element. */
function filledCell(shape: readonly number[], value: number, dtype: DType, label: string): Cell {
  return Cell.of(allocate(dtype, sizeOf(shape)).fill(value) as TypedArray, shape, dtype, { label });
}

/** A cell holding one number. */
export function scalarCell(value: number, dtype: DType, label: string): Cell {
  return filledCell([], value, dtype, label);
}

/** A group of parameters. Setting `lr` takes effect at the next step and recompiles nothing. */
export class ParameterGroup<O extends OptimizerOptions = OptimizerOptions> {
  readonly slots: readonly Slot[];
  readonly rate: Cell;
  /** The rate before the first scheduler came. */
  initialLr: number | undefined;
  readonly #rule: Rule<O, string>;
  #options: O;
  #momentum: Cell | undefined;

  constructor(rule: Rule<O, string>, options: O, parameters: readonly Cell[], count: Cell) {
    this.#rule = rule;
    this.slots = parameters.map((parameter): Slot => ({ parameter, state: {}, count }));
    this.checkOptions(options);
    this.#options = options;
    this.#fill(options);
    this.rate = scalarCell(options.lr, count.dtype, "learning rate");
  }

  /** All options, `lr` and `momentum` as they are now. */
  get options(): O {
    return this.#options;
  }

  /** Makes traced steps trace again. State that the new options need starts afresh. */
  set options(options: O) {
    this.checkOptions(options);
    this.#fill(options);
    this.#options = options;
    this.#momentum = undefined;
    this.#setRate(options.lr);
    bumpEpoch();
  }

  get lr(): number {
    return this.#options.lr;
  }

  set lr(value: number) {
    checkRate(value);
    this.#setRate(value);
    this.#options = { ...this.#options, lr: value };
  }

  /** The option `momentum`, or the first of `betas`; undefined where the optimizer has neither. */
  get momentum(): number | undefined {
    const { momentum, betas } = this.#options as Movable;
    return momentum ?? betas?.[0];
  }

  /** Like `lr`, to be moved by schedules: traced steps trace again the first time only. */
  set momentum(value: number) {
    const { betas, momentum } = this.#options as Movable;
    if (momentum === undefined && betas === undefined)
      throw new ArgumentError(`${this.#rule.name}: has no momentum to set. Use an optimizer with momentum or betas`);
    checkOption(this.#rule.name, "momentum", value, 0, 1);
    const moved = momentum === undefined ? { betas: [value, ...betas!.slice(1)] } : { momentum: value };
    const options = { ...this.#options, ...moved };
    if (this.#momentum) this.#momentum.set(allocate(this.rate.dtype, 1).fill(value) as TypedArray);
    else {
      this.#fill(options);
      this.#momentum = scalarCell(value, this.rate.dtype, "momentum");
      bumpEpoch();
    }
    this.#options = options;
  }

  /** Where momentum lives once a schedule has moved it. */
  get momentumCell(): Cell | undefined {
    return this.#momentum;
  }

  /** Throws ArgumentError for options that make no sense for this optimizer and these parameters. */
  checkOptions(options: O): void {
    checkRate(options.lr);
    checkOptions(this.#rule.name, options);
    this.#rule.check?.(
      options,
      this.slots.map(({ parameter }) => parameter.shape),
    );
  }

  /** Shapes and first values of what is kept for a parameter. */
  layout({ shape }: Cell, options: O): Map<string, Required<StateOfShape>> {
    const kept = new Map<string, Required<StateOfShape>>();
    for (const [name, value] of Object.entries(this.#rule.state(options, shape)))
      if (value !== undefined)
        kept.set(name, typeof value === "number" ? { shape, initial: value } : { initial: 0, ...value });
    return kept;
  }

  /** State for all slots; what is there is kept. */
  #fill(options: O): void {
    for (const slot of this.slots) {
      const { parameter, state } = slot;
      const cells = [...this.layout(parameter, options)].map(([name, { shape, initial }]) => [
        name,
        state[name] ?? filledCell(shape, initial, parameter.dtype, `${parameter.label}.${name}`),
      ]);
      slot.state = Object.fromEntries(cells) as Record<string, Cell>;
    }
  }

  #setRate(value: number): void {
    this.rate.set(allocate(this.rate.dtype, 1).fill(value) as TypedArray);
  }
}

function checkRate(lr: number): void {
  if (!(lr >= 0 && lr < Infinity)) throw new ArgumentError(`optimizer: lr must be a number of 0 or more, got ${lr}`);
}

/**
 * Parameters by group. Throws ArgumentError for none, for something else, and for one that comes twice.
 * @param seen parameters that have their place already.
 */
export function grouped<O>(
  given: Parameters<O>,
  seen: Set<Cell> = new Set(),
): { parameters: Cell[]; options: Partial<O> }[] {
  if (typeof (given as Partial<typeof given> | undefined)?.[Symbol.iterator] !== "function")
    throw new ArgumentError("optimizer: wants parameters, or groups { params, … } of them. Give it model.parameters()");
  const items = [...given] as (Parameter | GroupOptions<O>)[];
  const plain = items.filter((item) => item instanceof Parameter);
  if (plain.length > 0 && plain.length < items.length)
    throw new ArgumentError(
      "optimizer: got parameters and groups side by side. Give one list of parameters, or one of groups",
    );
  const groups = plain.length > 0 ? [{ params: plain } as unknown as GroupOptions<O>] : (items as GroupOptions<O>[]);
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
    return { parameters, options: options as Partial<O> };
  });
  if (seen.size === 0) throw new ArgumentError("optimizer: got no parameters. Give it model.parameters()");
  return result;
}
