/**
 * Pickles as data. A pickle is a program for a small machine that can call any Python function (Lib/pickletools.py describes it); this reader has
 * the machine and none of the functions but a few that make containers and arrays, and refuses files that name others.
 */
import { FormatError } from "../core/errors.ts";
import { looksLike } from "./content.ts";
import { quote } from "./json.ts";
import { BUILD, PICKLE_CLASSES, type Buildable, type PickleClass } from "./pickleClasses.ts";

/** How a pickle is read. */
export interface PickleOptions {
  /** Classes and functions that may be named beside the known ones, by "module.name". */
  readonly classes?: Readonly<Record<string, PickleClass>>;
  /** What a persistent id stands for; without it such files are refused. */
  readonly persistent?: (id: unknown) => unknown;
  /** Where the pickle starts, 0 by default. */
  readonly start?: number;
}

/** A class or function on the stack, to be called. */
class Named {
  readonly name: string;
  readonly does: PickleClass;

  constructor(name: string, does: PickleClass) {
    this.name = name;
    this.does = does;
  }
}

/**
 * Reads a pickle of data: None, booleans, numbers (whole ones beyond 2^53 as bigint), texts, bytes, lists and tuples as arrays,
 * dictionaries as Map, sets as Set, NumPy's arrays of numbers as {@link NumberArray}, SciPy's csr matrices. Texts of Python 2 are read
 * as Latin-1.
 *
 * Nothing of the file is executed. The work and the memory are in proportion to the file.
 *
 * @param name names the file in messages.
 * @throws FormatError for files that are cut off or damaged, name other classes or functions than these, or have more behind their end.
 */
export function parsePickle(bytes: Uint8Array, name: string = "pickle", options: PickleOptions = {}): unknown {
  const { value, end } = readPickle(bytes, name, options);
  if (end < bytes.length)
    throw new FormatError(
      `${name}: ${bytes.length - end} bytes follow the pickle's end at byte ${end}; it is damaged, or holds more than data`,
    );
  return value;
}

/** Reads the pickle that starts at `options.start`, and says where it ends: files of PyTorch's old format hold several. */
export function readPickle(
  bytes: Uint8Array,
  name: string,
  options: PickleOptions = {},
): { readonly value: unknown; readonly end: number } {
  const machine = new Machine(bytes, name, options);
  const value = machine.run();
  return { value, end: machine.at };
}

/** The stack machine. */
class Machine {
  at: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #name: string;
  readonly #options: PickleOptions;
  readonly #stack: unknown[] = [];
  /** How much was on the stack at each open mark. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();

  constructor(bytes: Uint8Array, name: string, options: PickleOptions) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#name = name;
    this.#options = options;
    this.at = options.start ?? 0;
  }

  run(): unknown {
    for (;;) {
      const start = this.at;
      const code = this.#take(1)[0]!;
      if (code === 0x2e) {
        const value = this.#pop();
        if (value instanceof Named) this.#refuse(`its value is the function ${quote(value.name)}`);
        return value;
      }
      try {
        this.#step(code);
      } catch (cause) {
        // What classes make of arguments that make no sense.
        const inside =
          cause instanceof RangeError || (cause instanceof FormatError && !cause.message.startsWith(this.#name));
        if (!inside) throw cause;
        const reason = cause instanceof FormatError ? cause.sentence : `${cause.message}; the file is damaged`;
        throw new FormatError(`${this.#name}: byte ${start}: ${reason}`, { cause });
      }
    }
  }

  /** One instruction; their letters are those of pickletools. */
  #step(code: number): void {
    const stack = this.#stack;
    switch (String.fromCharCode(code)) {
      case "\x80": // PROTO
        if (this.#take(1)[0]! > 5) this.#refuse("it is of a protocol above 5; write it with protocol 4");
        return;
      case "\x95": // FRAME
        this.#need(this.#long());
        return;
      case "(":
        this.#marks.push(stack.length);
        return;
      case "0":
        this.#pop();
        return;
      case "1":
        this.#toMark();
        return;
      case "2": {
        const top = this.#pop();
        stack.push(top, top);
        return;
      }
      case "N":
        stack.push(null);
        return;
      case "\x88":
        stack.push(true);
        return;
      case "\x89":
        stack.push(false);
        return;
      case "I": {
        const line = this.#line();
        stack.push(line === "00" ? false : line === "01" ? true : this.#integer(line));
        return;
      }
      case "L":
        stack.push(this.#integer(this.#line().replace(/L$/, "")));
        return;
      case "J":
        stack.push(this.#number(4, (at) => this.#view.getInt32(at, true)));
        return;
      case "K":
        stack.push(this.#take(1)[0]);
        return;
      case "M":
        stack.push(this.#number(2, (at) => this.#view.getUint16(at, true)));
        return;
      case "\x8a": // LONG1
        stack.push(this.#big(this.#take(1)[0]!));
        return;
      case "\x8b": // LONG4
        stack.push(this.#big(this.#word()));
        return;
      case "F":
        stack.push(this.#float(this.#line()));
        return;
      case "G":
        stack.push(this.#number(8, (at) => this.#view.getFloat64(at)));
        return;
      case "S":
        stack.push(this.#quoted(this.#line()));
        return;
      case "T":
        stack.push(latin1(this.#take(this.#word())));
        return;
      case "U":
        stack.push(latin1(this.#take(this.#take(1)[0]!)));
        return;
      case "V":
        stack.push(this.#rawUnicode(this.#line()));
        return;
      case "X":
        stack.push(this.#utf8(this.#word()));
        return;
      case "\x8c":
        stack.push(this.#utf8(this.#take(1)[0]!));
        return;
      case "\x8d":
        stack.push(this.#utf8(this.#long()));
        return;
      case "B":
        stack.push(this.#take(this.#word()).slice());
        return;
      case "C":
        stack.push(this.#take(this.#take(1)[0]!).slice());
        return;
      case "\x8e": // BINBYTES8
      case "\x96": // BYTEARRAY8
        stack.push(this.#take(this.#long()).slice());
        return;
      case "]":
        stack.push([]);
        return;
      case "l":
      case "t":
        stack.push(this.#toMark());
        return;
      case ")":
        stack.push([]);
        return;
      case "\x85":
      case "\x86":
      case "\x87": {
        const items: unknown[] = [];
        for (let count = code - 0x84; count > 0; count--) items.unshift(this.#pop());
        stack.push(items);
        return;
      }
      case "a": {
        const item = this.#pop();
        this.#list().push(item);
        return;
      }
      case "e": {
        const items = this.#toMark();
        const list = this.#list();
        for (const item of items) list.push(item);
        return;
      }
      case "}":
        stack.push(new Map());
        return;
      case "d":
        stack.push(this.#fill(new Map(), this.#toMark()));
        return;
      case "s": {
        const value = this.#pop();
        const key = this.#pop();
        this.#fill(this.#dictionary(), [key, value]);
        return;
      }
      case "u": {
        const items = this.#toMark();
        this.#fill(this.#dictionary(), items);
        return;
      }
      case "\x8f": // EMPTY_SET
        stack.push(new Set());
        return;
      case "\x90": {
        // ADDITEMS
        const items = this.#toMark();
        const set = this.#top();
        if (!(set instanceof Set)) return this.#refuse("it adds to what is no set; the file is damaged");
        for (const item of items) set.add(item);
        return;
      }
      case "\x91": // FROZENSET
        stack.push(new Set(this.#toMark()));
        return;
      case "p":
        this.#memo.set(Number(this.#line()), this.#top());
        return;
      case "q":
        this.#memo.set(this.#take(1)[0]!, this.#top());
        return;
      case "r":
        this.#memo.set(this.#word(), this.#top());
        return;
      case "\x94": // MEMOIZE
        this.#memo.set(this.#memo.size, this.#top());
        return;
      case "g":
        stack.push(this.#recall(Number(this.#line())));
        return;
      case "h":
        stack.push(this.#recall(this.#take(1)[0]!));
        return;
      case "j":
        stack.push(this.#recall(this.#word()));
        return;
      case "c":
        stack.push(this.#named(this.#line(), this.#line()));
        return;
      case "\x93": {
        // STACK_GLOBAL
        const symbol = this.#pop();
        stack.push(this.#named(this.#pop(), symbol));
        return;
      }
      case "i": {
        // INST
        const named = this.#named(this.#line(), this.#line());
        stack.push(named.does.call(this.#toMark()));
        return;
      }
      case "o": {
        // OBJ
        const [named, ...args] = this.#toMark();
        stack.push(this.#call(named, args));
        return;
      }
      case "R": // REDUCE
      case "\x81": {
        // NEWOBJ
        const args = this.#pop();
        stack.push(this.#call(this.#pop(), args));
        return;
      }
      case "\x92": {
        // NEWOBJ_EX
        this.#pop();
        const args = this.#pop();
        stack.push(this.#call(this.#pop(), args));
        return;
      }
      case "b": {
        const state = this.#pop();
        const target = this.#top();
        if (target instanceof Named || typeof target !== "object" || target === null || !(BUILD in target))
          return this.#refuse(
            `it changes ${target instanceof Named ? quote(target.name) : "what is no array"}, which data does not need`,
          );
        (target as Buildable)[BUILD](state);
        return;
      }
      case "P":
      case "Q": {
        const id = code === 0x50 ? this.#line() : this.#pop();
        if (this.#options.persistent === undefined)
          return this.#refuse("it refers to parts outside of it; read it as the archive it belongs to");
        stack.push(this.#options.persistent(id));
        return;
      }
      default:
        this.#refuse(
          `instruction 0x${code.toString(16).padStart(2, "0")} is none that data needs; it is no pickle, or damaged`,
        );
    }
  }

  #refuse(problem: string): never {
    const hint = this.at < 8 ? looksLike(this.#bytes) : "";
    throw new FormatError(`${this.#name}: byte ${this.at}: ${problem}${hint.includes("pickle") ? "" : hint}`);
  }

  #named(module: unknown, symbol: unknown): Named {
    const name = `${String(module)}.${String(symbol)}`;
    const own = this.#options.classes;
    const does = own !== undefined && Object.hasOwn(own, name) ? own[name] : PICKLE_CLASSES.get(name);
    if (typeof module !== "string" || typeof symbol !== "string" || does === undefined)
      return this.#refuse(
        `it calls for ${quote(name)}, which is no data. Files that run programs are not read; save numbers, texts and arrays only`,
      );
    return new Named(name, does);
  }

  #call(named: unknown, args: unknown): unknown {
    if (!(named instanceof Named) || !Array.isArray(args))
      return this.#refuse("it calls what is no function; the file is damaged");
    return named.does.call(args);
  }

  #need(length: number): void {
    if (length > this.#bytes.length - this.at)
      this.#refuse(
        `${length} bytes are promised, ${this.#bytes.length - this.at} are there; the file is cut off or damaged`,
      );
  }

  #take(length: number): Uint8Array {
    this.#need(length);
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  #number(size: number, read: (at: number) => number): number {
    this.#take(size);
    return read(this.at - size);
  }

  #word(): number {
    return this.#number(4, (at) => this.#view.getUint32(at, true));
  }

  #long(): number {
    return this.#number(8, (at) => Number(this.#view.getBigUint64(at, true)));
  }

  /** Little-endian, two's complement. */
  #big(length: number): number | bigint {
    // Longer ones take time that grows with the square.
    if (length > 1024) return this.#refuse(`it holds a whole number of ${length} bytes; the file is damaged`);
    let value = 0n;
    for (const byte of Uint8Array.from(this.#take(length)).reverse()) value = (value << 8n) | BigInt(byte);
    return small(BigInt.asIntN(8 * length, value));
  }

  #line(): string {
    const end = this.#bytes.indexOf(10, this.at);
    if (end < 0) return this.#refuse("the file ends within a line; it is cut off or damaged");
    const line = latin1(this.#take(end - this.at));
    this.at++;
    return line;
  }

  #integer(text: string): number | bigint {
    if (!/^[+-]?\d{1,2000}$/.test(text)) return this.#refuse(`${quote(text)} is no whole number; the file is damaged`);
    return small(BigInt(text));
  }

  #float(text: string): number {
    const value = /^-?inf$/.test(text) ? (text[0] === "-" ? -Infinity : Infinity) : Number(text);
    if (Number.isNaN(value) && text !== "nan") return this.#refuse(`${quote(text)} is no number; the file is damaged`);
    return value;
  }

  /** A text in quotes with Python's escapes. */
  #quoted(line: string): string {
    const [, , inner] = /^(['"])(.*)\1$/s.exec(line) ?? [];
    if (inner === undefined) return this.#refuse("a text is not in quotes; the file is damaged");
    const letters: Readonly<Record<string, string>> = {
      n: "\n",
      t: "\t",
      r: "\r",
      b: "\b",
      f: "\f",
      v: "\v",
      a: "\x07",
      "0": "\0",
    };
    return inner.replace(/\\(x[0-9a-fA-F]{2}|.)/gs, (_, code: string) =>
      code[0] === "x" && code.length === 3 ? String.fromCharCode(parseInt(code.slice(1), 16)) : (letters[code] ?? code),
    );
  }

  #rawUnicode(line: string): string {
    return line.replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (whole, four?: string, eight?: string) => {
      const code = parseInt(four ?? eight!, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    });
  }

  #utf8(length: number): string {
    return new TextDecoder().decode(this.#take(length));
  }

  #pop(): unknown {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0))
      return this.#refuse("it takes more from the stack than is there; the file is damaged");
    return this.#stack.pop();
  }

  #top(): unknown {
    if (this.#stack.length === 0)
      return this.#refuse("its stack is empty where something is wanted; the file is damaged");
    return this.#stack[this.#stack.length - 1];
  }

  /** What was pushed since the last mark, which is taken away with it. */
  #toMark(): unknown[] {
    const mark = this.#marks.pop();
    if (mark === undefined) return this.#refuse("a mark is missing; the file is damaged");
    const items = this.#stack.splice(mark);
    return items;
  }

  #list(): unknown[] {
    const list = this.#top();
    return Array.isArray(list) ? list : this.#refuse("it adds to what is no list; the file is damaged");
  }

  #dictionary(): Map<unknown, unknown> {
    const map = this.#top();
    return map instanceof Map ? map : this.#refuse("it sets entries of what is no dictionary; the file is damaged");
  }

  #fill(map: Map<unknown, unknown>, items: readonly unknown[]): Map<unknown, unknown> {
    if (items.length % 2 !== 0) this.#refuse("a key has no value; the file is damaged");
    for (let at = 0; at < items.length; at += 2) map.set(items[at], items[at + 1]);
    return map;
  }

  #recall(key: number): unknown {
    if (!this.#memo.has(key)) this.#refuse(`it recalls entry ${key}, which was never kept; the file is damaged`);
    return this.#memo.get(key);
  }
}

/** A whole number as a number where that is exact. */
function small(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}
