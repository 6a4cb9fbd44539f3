// Automatic differentiation, one number at a time: what the rest of Myelin does with tensors, made to be read.
// Forward: each operation computes a number and notes how it was made. Backward: one walk over those notes, from the
// result to the inputs, applies the chain rule and finds the derivative of the result by every number on the way.
//
//   const w = new Scalar(2, "w"), loss = w.mul(3).sub(5).pow(2);
//   loss.backward();   // w.grad is now d(loss)/d(w); console.log(loss.graph()) shows every step

/** What an operation takes: a number that is tracked, or a plain one that is not. */
export type Operand = Scalar | number;

/** A function that can be differentiated: how to compute it, and its derivative worked out in advance. */
export interface Differentiable<Inputs extends number[] = number[]> {
  readonly name: string;
  /** The value of the function. */
  forward(...inputs: Inputs): number;
  /** `d`, the derivative of the final result by this function's value, passed on to each of its inputs. */
  backward(d: number, ...inputs: Inputs): number[];
}

/** How a number was made. */
export interface History {
  readonly fn: Differentiable;
  readonly inputs: readonly Operand[];
  /** The numbers `fn` saw: an input may have been changed by a training step since. */
  readonly values: readonly number[];
}

/** The parent of all functions below; it knows how to run them on scalars and remember that it did. */
export abstract class ScalarFunction {
  /** Computes the function and records it: `Mul.apply(x, y)` is `x.mul(y)`. */
  static apply<Inputs extends number[]>(
    this: Differentiable<Inputs>,
    ...inputs: { [Position in keyof Inputs]: Operand }
  ): Scalar {
    const values = inputs.map(Number) as Inputs;
    const output = new Scalar(this.forward(...values));
    output.history = { fn: this as Differentiable, inputs, values };
    return output;
  }
}

export class Add extends ScalarFunction {
  static forward = (a: number, b: number): number => a + b;
  static backward = (d: number, _a: number, _b: number): number[] => [d, d];
}
export class Sub extends ScalarFunction {
  static forward = (a: number, b: number): number => a - b;
  static backward = (d: number, _a: number, _b: number): number[] => [d, -d];
}
export class Mul extends ScalarFunction {
  static forward = (a: number, b: number): number => a * b;
  static backward = (d: number, a: number, b: number): number[] => [d * b, d * a];
}
export class Div extends ScalarFunction {
  static forward = (a: number, b: number): number => a / b;
  static backward = (d: number, a: number, b: number): number[] => [d / b, (-d * a) / (b * b)];
}
export class Pow extends ScalarFunction {
  static forward = (a: number, b: number): number => a ** b;
  static backward = (d: number, a: number, b: number): number[] => [d * b * a ** (b - 1), d * a ** b * Math.log(a)];
}
export class Exp extends ScalarFunction {
  static forward = (a: number): number => Math.exp(a);
  static backward = (d: number, a: number): number[] => [d * Math.exp(a)];
}
export class Log extends ScalarFunction {
  static forward = (a: number): number => Math.log(a);
  static backward = (d: number, a: number): number[] => [d / a];
}
export class Sin extends ScalarFunction {
  static forward = (a: number): number => Math.sin(a);
  static backward = (d: number, a: number): number[] => [d * Math.cos(a)];
}
export class Tanh extends ScalarFunction {
  static forward = (a: number): number => Math.tanh(a);
  static backward = (d: number, a: number): number[] => [d * (1 - Math.tanh(a) ** 2)];
}
export class Sigmoid extends ScalarFunction {
  static forward = (a: number): number => 1 / (1 + Math.exp(-a));
  static backward = (d: number, a: number): number[] => [d * Sigmoid.forward(a) * Sigmoid.forward(-a)];
}
/** max(a, 0). Its slope at 0, where it has none, is taken as 0, as all frameworks do. */
export class Relu extends ScalarFunction {
  static forward = (a: number): number => (a > 0 ? a : 0);
  static backward = (d: number, a: number): number[] => [a > 0 ? d : 0];
}

/** A number that remembers how it was computed and can tell how a result depends on it. */
export class Scalar {
  static #made = 0;
  /** Counts upwards as scalars are made; inputs exist before what is made of them, so this orders any graph. */
  readonly #order: number = Scalar.#made++;
  /** Change it only on numbers you made (`w.value -= rate * w.grad`): results are not recomputed. */
  value: number;
  /** Sum over all `backward()` calls so far of d(result)/d(this); set it to 0 to start again. */
  grad = 0;
  /** The function and inputs this came from; `null` for a number you made yourself. */
  history: History | null = null;
  /** What `graph()` calls it. */
  name: string;

  constructor(value: number, name = "") {
    this.value = value;
    this.name = name;
  }

  add(other: Operand): Scalar {
    return Add.apply(this, other);
  }
  sub(other: Operand): Scalar {
    return Sub.apply(this, other);
  }
  mul(other: Operand): Scalar {
    return Mul.apply(this, other);
  }
  div(other: Operand): Scalar {
    return Div.apply(this, other);
  }
  /** `this` to the power of `other`; the derivative by a tracked `other` is NaN where `this` is not above 0. */
  pow(other: Operand): Scalar {
    return Pow.apply(this, other);
  }
  exp(): Scalar {
    return Exp.apply(this);
  }
  log(): Scalar {
    return Log.apply(this);
  }
  sin(): Scalar {
    return Sin.apply(this);
  }
  tanh(): Scalar {
    return Tanh.apply(this);
  }
  sigmoid(): Scalar {
    return Sigmoid.apply(this);
  }
  relu(): Scalar {
    return Relu.apply(this);
  }
  /** Gives this number a name for `graph()` and returns it. */
  named(name: string): this {
    this.name = name;
    return this;
  }

  /** Lets a scalar stand where a number is read: `Number(x)`, `${x}`, `Math.max(x, y)`. */
  valueOf(): number {
    return this.value;
  }
  toString(): string {
    return String(this.value);
  }

  /** Everything this was computed from, itself included: inputs first, each exactly once. */
  ancestors(): Scalar[] {
    const found = new Set<Scalar>([this]);
    // A Set may grow while it is walked and holds nothing twice: that is a whole graph search.
    for (const node of found) {
      for (const input of node.history?.inputs ?? []) if (input instanceof Scalar) found.add(input);
    }
    return [...found].sort((a, b) => a.#order - b.#order);
  }

  /**
   * Reverse-mode differentiation: adds d(this)/d(node) to `node.grad` for every node this was computed from.
   * From last to first, each node is met when all its uses have reported, so its derivative is complete and
   * is handed on once. A number used several times receives the sum.
   */
  backward(): void {
    const derivative = new Map<Scalar, number>([[this, 1]]);
    for (const node of this.ancestors().reverse()) {
      const d = derivative.get(node) ?? 0;
      node.grad += d;
      if (node.history === null) continue;
      const { fn, inputs, values } = node.history;
      const parts = fn.backward(d, ...values);
      inputs.forEach((input, i) => {
        if (input instanceof Scalar) derivative.set(input, (derivative.get(input) ?? 0) + parts[i]);
      });
    }
  }

  /** The computation as text, a line per number: how it was made, its value, its gradient. */
  graph(): string {
    const nodes = this.ancestors();
    const label = (x: Operand): string => (x instanceof Scalar ? x.name || `v${nodes.indexOf(x) + 1}` : `${x}`);
    const made = ({ fn, inputs }: History): string => ` = ${fn.name}(${inputs.map(label).join(", ")})`;
    const left = nodes.map((node) => label(node) + (node.history ? made(node.history) : ""));
    const width = Math.max(...left.map((text) => text.length));
    return nodes.map((node, i) => `${left[i].padEnd(width)}  value ${node.value}  grad ${node.grad}`).join("\n");
  }
}

/** The slope of `f` at `x`, measured: (f(x + step) - f(x)) / step. The derivative is its limit as step goes to 0. */
export function differenceQuotient(f: (x: number) => number, x: number, step = 1e-3): number {
  return (f(x + step) - f(x)) / step;
}
