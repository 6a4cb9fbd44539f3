/**
 * Derivatives as formulas, the way SymPy finds them: an expression is a tree, each kind of node knows its derivative, and the
 * constructors leave out what does nothing. `symbol("w").pow(2).diff("w")` prints `2*w`.
 */
export class Expression {
  readonly kind: "number" | "symbol" | "sum" | "product" | "power" | "exp" | "log";
  readonly parts: readonly Expression[];
  readonly value: number | string;

  constructor(kind: Expression["kind"], parts: readonly Expression[] = [], value: number | string = 0) {
    this.kind = kind;
    this.parts = parts;
    this.value = value;
  }

  add(other: Expression | number): Expression {
    const b = number(other);
    if (this.number !== undefined && b.number !== undefined) return number(this.number + b.number);
    if (this.number === 0) return b;
    if (b.number === 0) return this;
    if (`${this}` === `${b}`) return number(2).mul(this);
    return new Expression("sum", [this, b]);
  }

  mul(other: Expression | number): Expression {
    const b = number(other);
    if (this.number !== undefined && b.number !== undefined) return number(this.number * b.number);
    // Numbers stand in front, where they can meet.
    if (b.number !== undefined) return b.mul(this);
    if (this.number === 0) return this;
    if (this.number === 1) return b;
    if (b.kind === "product" && b.parts[0]!.number !== undefined) return this.mul(b.parts[0]!).mul(b.parts[1]!);
    return new Expression("product", [this, b]);
  }

  /** To the power of a number. */
  pow(exponent: number): Expression {
    if (exponent === 0) return number(1);
    if (exponent === 1) return this;
    return this.number === undefined ? new Expression("power", [this], exponent) : number(this.number ** exponent);
  }

  exp(): Expression {
    return this.number === undefined ? new Expression("exp", [this]) : number(Math.exp(this.number));
  }

  log(): Expression {
    return this.number === undefined ? new Expression("log", [this]) : number(Math.log(this.number));
  }

  /** Its value, where it has no symbols. */
  get number(): number | undefined {
    return this.kind === "number" ? (this.value as number) : undefined;
  }

  /** The derivative by a symbol, as an expression. */
  diff(name: string): Expression {
    const [a, b] = this.parts as [Expression, Expression];
    switch (this.kind) {
      case "number":
        return number(0);
      case "symbol":
        return number(this.value === name ? 1 : 0);
      case "sum":
        return a.diff(name).add(b.diff(name));
      case "product":
        return a
          .diff(name)
          .mul(b)
          .add(a.mul(b.diff(name)));
      case "power": {
        const n = this.value as number;
        return number(n)
          .mul(a.pow(n - 1))
          .mul(a.diff(name));
      }
      case "exp":
        return this.mul(a.diff(name));
      case "log":
        return a.pow(-1).mul(a.diff(name));
    }
  }

  /** With an expression or a number in the place of a symbol. */
  subs(name: string, by: Expression | number): Expression {
    const [a, b] = this.parts.map((part) => part.subs(name, by)) as [Expression, Expression];
    switch (this.kind) {
      case "number":
        return this;
      case "symbol":
        return this.value === name ? number(by) : this;
      case "sum":
        return a.add(b);
      case "product":
        return a.mul(b);
      case "power":
        return a.pow(this.value as number);
      case "exp":
        return a.exp();
      case "log":
        return a.log();
    }
  }

  /** As SymPy prints it. */
  toString(): string {
    const [a, b] = this.parts;
    const inner = (x: Expression): string => (x.kind === "sum" ? `(${x})` : `${x}`);
    switch (this.kind) {
      case "number":
      case "symbol":
        return `${this.value}`;
      case "sum":
        return `${a} + ${b}`;
      case "product":
        return `${inner(a!)}*${inner(b!)}`;
      case "power":
        return `${["sum", "product", "power"].includes(a!.kind) ? `(${a})` : a}**${this.value}`;
      default:
        return `${this.kind}(${a})`;
    }
  }
}

/** A number as an expression. */
export function number(value: Expression | number): Expression {
  return typeof value === "number" ? new Expression("number", [], value) : value;
}

/** A variable. */
export function symbol(name: string): Expression {
  return new Expression("symbol", [], name);
}
