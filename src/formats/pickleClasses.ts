/** What pickles of data may name: containers, NumPy's arrays, SciPy's sparse matrices. Each is made here, nothing of Python's runs. */
import type { DType, TypedArray } from "../core/dtype.ts";
import type { Shape } from "../core/shape.ts";
import { numpyArray, type NumberArray } from "./numpyArray.ts";

/** A class or function that a pickle may call. */
export interface PickleClass {
  /** @throws RangeError for arguments that make no sense. */
  call(args: readonly unknown[]): unknown;
}

/** The method by which a value takes the state that a pickle gives it after it was made. */
export const BUILD: unique symbol = Symbol("build");

/** A value that takes a state. */
export interface Buildable {
  [BUILD](state: unknown): void;
}

/** A matrix of compressed rows: row r has the columns `indices[indptr[r]]` to before `indptr[r + 1]`. */
export interface CsrMatrix {
  readonly shape: readonly [rows: number, columns: number];
  readonly data: NumberArray;
  readonly indices: NumberArray;
  readonly indptr: NumberArray;
}

const fail = (problem: string): never => {
  throw new RangeError(problem);
};

function isShape(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length <= 64 && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** NumPy's type, whose order of bytes comes later. */
class NumpyType implements Buildable {
  order = "<";
  readonly kind: string;

  constructor(text: unknown) {
    if (typeof text !== "string") fail("a NumPy type is no text");
    this.kind = (text as string).replace(/^[<>|=]/, "");
  }

  [BUILD](state: unknown): void {
    const order = Array.isArray(state) ? state[1] : undefined;
    if (typeof order !== "string" || !/^[<>|=]$/.test(order)) fail("a NumPy type has no order of bytes");
    this.order = order as string;
  }
}

/** NumPy's array, empty until its state comes. */
class NumpyArray implements NumberArray, Buildable {
  dtype: DType = "f32";
  shape: Shape = [0];
  data: TypedArray = new Float32Array(0);

  [BUILD](state: unknown): void {
    if (!Array.isArray(state) || state.length < 5) return fail("an array has no state");
    const [, shape, type, fortran, content] = state as unknown[];
    if (!isShape(shape) || !(type instanceof NumpyType)) return fail("an array has no shape or type");
    if (type.kind.startsWith("O")) fail("an array holds Python objects, which are not read");
    const array = numpyArray(type.order + type.kind, shape, fortran === true, bytesOf(content), "an array", "f64");
    Object.assign(this, array.dtype === "f64" && type.kind.endsWith("i8") ? narrowed(array) : array);
  }
}

/** 64-bit integers as i32 where all of them are: indices and counts, for the most part. */
function narrowed(array: NumberArray): NumberArray {
  const data = Int32Array.from(array.data);
  return data.every((value, at) => value === array.data[at]) ? { ...array, dtype: "i32", data } : array;
}

class Csr implements CsrMatrix, Buildable {
  shape: readonly [number, number] = [0, 0];
  data: NumberArray = new NumpyArray();
  indices: NumberArray = new NumpyArray();
  indptr: NumberArray = new NumpyArray();

  [BUILD](state: unknown): void {
    if (!(state instanceof Map)) return fail("a sparse matrix has no state");
    const shape: unknown = state.get("_shape");
    const [data, indices, indptr] = ["data", "indices", "indptr"].map((part) => state.get(part) as unknown);
    if (
      !isShape(shape) ||
      shape.length !== 2 ||
      !(data instanceof NumpyArray && indices instanceof NumpyArray && indptr instanceof NumpyArray)
    )
      return fail("a sparse matrix lacks shape, data, indices or indptr");
    const [rows, columns] = shape as [number, number];
    const ends = indptr.data;
    const rising = ends.every((end, at) => end >= (at === 0 ? 0 : ends[at - 1]!));
    if (
      ends.length !== rows + 1 ||
      ends[0] !== 0 ||
      !rising ||
      ends[rows] !== data.data.length ||
      indices.data.length !== data.data.length
    )
      fail("the rows of a sparse matrix do not fit its data");
    if (!indices.data.every((column) => column >= 0 && column < columns))
      fail("a sparse matrix has columns outside of it");
    Object.assign(this, { shape: [rows, columns], data, indices, indptr });
  }
}

/** Bytes, which pickles of Python 2 hold as text. */
function bytesOf(content: unknown): Uint8Array {
  if (content instanceof Uint8Array) return content;
  if (typeof content !== "string") return fail("an array's content is no bytes");
  const bytes = new Uint8Array(content.length);
  for (let at = 0; at < bytes.length; at++) {
    const code = content.charCodeAt(at);
    if (code > 255) fail("an array's content is no bytes");
    bytes[at] = code;
  }
  return bytes;
}

const empty: PickleClass = { call: () => new Map() };

/** A dictionary, maybe from pairs. */
const dictionary: PickleClass = {
  call([pairs]) {
    if (pairs === undefined) return new Map();
    if (!Array.isArray(pairs) || !pairs.every((pair) => Array.isArray(pair) && pair.length === 2))
      return fail("a dictionary is made of what are no pairs");
    return new Map(pairs as [unknown, unknown][]);
  },
};

const list: PickleClass = {
  call: ([items = []]) => (Array.isArray(items) ? [...(items as unknown[])] : fail("a list is made of what is none")),
};

const reconstruct: PickleClass = { call: () => new NumpyArray() };

const scalar: PickleClass = {
  call([type, content]) {
    if (!(type instanceof NumpyType)) return fail("a NumPy number has no type");
    return numpyArray(type.order + type.kind, [], false, bytesOf(content), "a number", "f64").data[0];
  },
};

const encode: PickleClass = {
  call([text, encoding]) {
    if (encoding !== "latin1" && encoding !== "latin-1") return fail("bytes are made by an encoding other than latin1");
    return bytesOf(text);
  },
};

const dtype: PickleClass = { call: ([text]) => new NumpyType(text) };
const csr: PickleClass = { call: () => new Csr() };
/** Named by others, never called by data. */
const never: PickleClass = { call: () => fail("a class is called that data only names") };

/** By "module.name", for the modules' names of all versions. */
export const PICKLE_CLASSES: ReadonlyMap<string, PickleClass> = /* @__PURE__ */ new Map<string, PickleClass>([
  ["__builtin__.list", list],
  ["builtins.list", list],
  ["__builtin__.dict", dictionary],
  ["builtins.dict", dictionary],
  ["__builtin__.set", { call: ([items = []]) => new Set(list.call([items]) as unknown[]) }],
  ["builtins.set", { call: ([items = []]) => new Set(list.call([items]) as unknown[]) }],
  // Its argument makes what is missing, which no entry of a file is.
  ["collections.defaultdict", empty],
  ["collections.OrderedDict", dictionary],
  ["_codecs.encode", encode],
  ["numpy.ndarray", never],
  ["numpy.dtype", dtype],
  ["numpy.core.multiarray._reconstruct", reconstruct],
  ["numpy._core.multiarray._reconstruct", reconstruct],
  ["numpy.core.multiarray.scalar", scalar],
  ["numpy._core.multiarray.scalar", scalar],
  ["scipy.sparse.csr.csr_matrix", csr],
  ["scipy.sparse._csr.csr_matrix", csr],
]);
