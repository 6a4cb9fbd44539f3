/** Things given by name, by a description in plain JSON, or as functions: what options of layers hold, so that options can be saved. */
import { ArgumentError } from "../core/errors.ts";
import type { Json } from "../formats/json.ts";

/** A thing and its settings, as Keras's JSON says them. */
export interface Described<C extends string = string> {
  readonly className: C;
  readonly config: { readonly [name: string]: Json };
}

/** True for a description. */
export function isDescribed(value: unknown): value is Described {
  return typeof value === "object" && value !== null && "className" in value && "config" in value;
}

/** A description without the settings that were left out. */
export function described<C extends string>(className: C, config: object = {}): Described<C> {
  const given = Object.entries(config).filter(([, value]) => value !== undefined);
  return { className, config: Object.fromEntries(given) as Described["config"] };
}

/** `leaky_relu` for `leakyRelu`: names are Keras's, which JavaScript writes in another way. */
export function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The names of Keras, as JavaScript writes them too. */
export type Camel<S extends string> = S extends `${infer A}_${infer B}` ? `${A}${Capitalize<Camel<B>>}` : S;

/** What a table has under a name in either spelling. */
export function lookUp<T>(what: string, table: Readonly<Record<string, T>>, name: string): T {
  const plain = (text: string): string => text.replaceAll("_", "").toLowerCase();
  const key = Object.keys(table).find((known) => plain(known) === plain(name));
  if (key === undefined)
    throw new ArgumentError(`${what}: there is none named "${name}"; the names are ${Object.keys(table).join(", ")}`);
  return table[key]!;
}
