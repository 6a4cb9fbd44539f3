/** Protocol buffers: messages as plain objects, by a description of their fields. Bytes are the business of @bufbuild/protobuf. */
import type * as wire from "@bufbuild/protobuf/wire";
import type { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { FormatError } from "../core/errors.ts";
import { optionalPackage } from "./optionalPackage.ts";

/** The package's reader and writer, loaded. */
export type Wire = typeof wire;

/** @param purpose what needs it, for the error where the package is missing. */
export const loadWire = (purpose: string): Promise<Wire> =>
  optionalPackage("@bufbuild/protobuf", purpose, () => import("@bufbuild/protobuf/wire"));

type Kind = "double" | "float" | "int32" | "int64" | "bool" | "string" | "bytes";

/** The fields of a message by name: number, kind (or the description of a message), and "many" for repeated ones. Maps are many entries. */
export interface Schema {
  readonly [field: string]: readonly [number, Kind | Schema] | readonly [number, Kind | Schema, "many"];
}

type ValueOf<K> = K extends "string"
  ? string
  : K extends "bytes"
    ? Uint8Array
    : K extends "bool"
      ? boolean
      : K extends Kind
        ? number
        : Message<K>;

/** What a schema describes. Every field may be missing, as protocol buffers have it. */
export type Message<S> = {
  readonly [F in keyof S]?: S[F] extends readonly [number, infer K, "many"]
    ? ArrayLike<ValueOf<K>>
    : S[F] extends readonly [number, infer K]
      ? ValueOf<K>
      : never;
};

/** How the wire knows each kind: its wire type. */
const WIRE_TYPES = { double: 1, float: 5, int32: 0, int64: 0, bool: 0, string: 2, bytes: 2 } as const;

/** Messages in messages in messages: deeper ones are no format that is read here, but an attempt on the stack. */
const MAX_DEPTH = 32;

/** A message as bytes. Fields that are undefined are left out, and no others. Repeated numbers are packed. */
export function encodeMessage<S extends Schema>(wire: Wire, schema: S, message: Message<S>): Uint8Array {
  const writer = spare ?? new wire.BinaryWriter();
  // After an error what is half written is in it: the next message gets a new one.
  spare = undefined;
  write(writer, schema, message);
  const bytes = writer.finish();
  if (bytes.length <= SPARE_BYTES) spare = writer;
  return bytes;
}

/** Its memory has grown to the size of messages: a new one's would grow again for each. */
let spare: BinaryWriter | undefined;
/** A writer with room for longer messages is let go. */
const SPARE_BYTES = 2 ** 20;

function write(writer: BinaryWriter, schema: Schema, message: Readonly<Record<string, unknown>>): void {
  for (const name in schema) {
    const value = message[name];
    if (value === undefined) continue;
    const [number, kind, many] = schema[name]!;
    if (typeof kind === "object" || kind === "string" || kind === "bytes") {
      for (const item of many ? Array.from(value as ArrayLike<unknown>) : [value]) {
        writer.tag(number, 2);
        if (typeof kind === "object") {
          writer.fork();
          write(writer, kind, item as Readonly<Record<string, unknown>>);
          writer.join();
        } else if (kind === "string") writer.string(item as string);
        else writer.bytes(item as Uint8Array);
      }
    } else if (many && kind === "double") {
      writer.tag(number, 2).bytes(bytesOfDoubles(value as ArrayLike<number>));
    } else if (many) {
      writer.tag(number, 2).fork();
      for (const item of Array.from(value as ArrayLike<number>)) writer[kind](item as never);
      writer.join();
    } else {
      writer.tag(number, WIRE_TYPES[kind]);
      writer[kind](value as never);
    }
  }
}

/** Numbers as the wire has them, until the next are asked for: memory of their own for a few numbers costs a collector more than they do. */
function bytesOfDoubles(values: ArrayLike<number>): Uint8Array {
  if (!doubles || doubles.length < values.length) doubles = new Float64Array(Math.max(1024, 2 * values.length));
  doubles.set(values);
  return new Uint8Array(doubles.buffer, 0, 8 * values.length);
}

let doubles: Float64Array | undefined;

/**
 * A message from bytes. Fields that the schema does not know are skipped.
 * @param what names the message in errors, such as "tensorboard event".
 * @throws FormatError when the bytes are cut off, or a field has another type than the schema says.
 */
export function decodeMessage<S extends Schema>(wire: Wire, schema: S, bytes: Uint8Array, what: string): Message<S> {
  try {
    return read(new wire.BinaryReader(bytes), bytes.length, schema, 0) as Message<S>;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FormatError(`${what}: not the protocol buffer that was expected (${reason}); the file is damaged`, {
      cause,
    });
  }
}

function read(reader: BinaryReader, end: number, schema: Schema, depth: number): Record<string, unknown> {
  if (depth > MAX_DEPTH) throw new RangeError(`messages are nested more than ${MAX_DEPTH} deep`);
  const fields = new Map(Object.entries(schema).map(([name, field]) => [field[0], [name, ...field] as const]));
  const message: Record<string, unknown> = {};
  while (reader.pos < end) {
    const [number, wireType] = reader.tag();
    const field = fields.get(number);
    if (!field) {
      reader.skip(wireType, number);
      continue;
    }
    const [name, , kind, many] = field;
    const packed = many && typeof kind === "string" && WIRE_TYPES[kind] !== 2 && wireType === 2;
    if (wireType !== (packed || typeof kind === "object" ? 2 : WIRE_TYPES[kind]))
      throw new RangeError(`field ${name} has wire type ${wireType}`);
    const items = (message[name] as unknown[] | undefined) ?? [];
    if (packed) {
      const last = endOf(reader, end);
      while (reader.pos < last) items.push(valueOf(reader, kind));
      message[name] = items;
      continue;
    }
    const value = typeof kind === "object" ? read(reader, endOf(reader, end), kind, depth + 1) : valueOf(reader, kind);
    if (many) items.push(value);
    message[name] = many ? items : value;
  }
  if (reader.pos > end) throw new RangeError("a field is longer than the message that holds it");
  return message;
}

/** Where what comes next ends, as its length says. */
function endOf(reader: BinaryReader, end: number): number {
  const length = reader.uint32();
  if (length > end - reader.pos) throw new RangeError(`${length} bytes are promised, ${end - reader.pos} are there`);
  return reader.pos + length;
}

/** One value that is no message. */
function valueOf(reader: BinaryReader, kind: Kind): unknown {
  return kind === "int64" ? Number(reader.int64()) : reader[kind]();
}
