/** Shortening of bytes that keeps their cyclic redundancy check, by exclusive or alone, in vectors of WebAssembly. */
import { ModuleBuilder } from "../device/wasm/assembler.ts";

const VECTOR = 16;
/** Of 64 KiB: enough for records of 100 kB, and little enough for the nearer caches. */
const PAGES = 2;
/** How many vectors one round of the loop takes. */
const UNROLLED = 4;

/** Shortens bytes for one polynomial. */
export interface Fold {
  /** So many bytes are taken at a time, at most. */
  readonly most: number;
  /**
   * @param bytes 4 or more.
   * @param register what the check's register holds before them.
   * @returns bytes whose check from a register of 0 on is that of the given ones: a view that holds until the next call. There are less than
   * 16·e₀ + 64 of them, or as many as were given.
   */
  shorten(bytes: Uint8Array, register: number): Uint8Array;
}

/**
 * Makes the fold for checks whose polynomial divides T(x) = x^e₀ + x^e₁ + … + 1.
 *
 * It divides T(x)¹²⁸ too, which modulo 2 is T(x¹²⁸): the same sum in steps of a vector of 128 bits. Added to the message so that a vector
 * becomes 0, it adds that vector to as many later ones as T has other terms, and changes no check. The fold does this to all but the last
 * e₀ vectors. (Multiples of few terms in place of tables: Russell, "Chorba: A novel CRC32 implementation", 2024.)
 *
 * @param exponents e₀, the largest, e₁ …; that of 1 is left out.
 * @returns undefined where WebAssembly is refused or has no vectors.
 */
export function makeFold(exponents: readonly number[]): Fold | undefined {
  const [degree = 0, ...others] = exponents;
  const memory = { initial: PAGES, maximum: PAGES };
  const module = new ModuleBuilder();
  module.importMemory("env", "memory", { ...memory, shared: false });
  const f = module.function(["i32"], [], "fold");
  const [end, at, vector] = [f.params[0]!, f.local("i32"), f.local("v128")];
  f.loop(() => {
    for (let place = 0; place < UNROLLED * VECTOR; place += VECTOR) {
      f.get(at).memory("v128.load", place).set(vector);
      for (const exponent of [...others, 0]) {
        const later = place + (degree - exponent) * VECTOR;
        f.get(at).get(at).memory("v128.load", later).get(vector).op("v128.xor").memory("v128.store", later);
      }
    }
    f.get(at)
      .i32(UNROLLED * VECTOR)
      .op("i32.add")
      .tee(at)
      .get(end)
      .op("i32.lt_u")
      .brIf(0);
  });
  try {
    const env = { memory: new WebAssembly.Memory(memory) };
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()), { env });
    return over(env.memory.buffer, degree * VECTOR, exports["fold"] as (end: number) => void);
  } catch {
    // There is no WebAssembly, no vectors in it, or the page's security policy forbids compiling.
    return undefined;
  }
}

/** @param kept how many bytes at the end stay, at least. @param fold clears vectors from the start to before `end`. */
function over(memory: ArrayBuffer, kept: number, fold: (end: number) => void): Fold {
  const content = new Uint8Array(memory);
  const words = new Int32Array(memory);
  return {
    most: memory.byteLength,
    shorten(bytes, register) {
      content.set(bytes);
      // A register is the same as exclusive or with the first bytes.
      words[0]! ^= register;
      const spare = Math.max(0, bytes.length - kept);
      const folded = spare - (spare % (UNROLLED * VECTOR));
      if (folded > 0) fold(folded);
      return content.subarray(folded, bytes.length);
    },
  };
}
