/** Reading event files, for tests. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { maskedCrc32c } from "../crc32c.ts";
import { decodeMessage, loadWire } from "../protobuf.ts";
import { event, type Event, type SummaryValue } from "./schema.ts";

const wire = await loadWire("a test");

/** The events of a file, checksums checked. */
export function eventsIn(bytes: Uint8Array): Event[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const events: Event[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = view.getUint32(at, true);
    const content = bytes.subarray(at + 12, at + 12 + length);
    expect(view.getUint32(at + 4, true)).toBe(0);
    expect(view.getUint32(at + 8, true)).toBe(maskedCrc32c(bytes.subarray(at, at + 8)));
    expect(view.getUint32(at + 12 + length, true)).toBe(maskedCrc32c(content));
    events.push(decodeMessage(wire, event, content, "test"));
    at += length + 16;
  }
  return events;
}

export const valuesIn = (events: readonly Event[]): SummaryValue[] =>
  events.flatMap((one) => Array.from(one.summary?.value ?? []));

/** Every event in the files of a folder. */
export function eventsOf(folder: string): Event[] {
  const files = readdirSync(folder).filter((name) => name.includes("tfevents"));
  return files.flatMap((name) => eventsIn(readFileSync(join(folder, name))));
}

/** Steps and numbers of a scalar. */
export const scalarIn = (events: readonly Event[], tag: string): (readonly [number, number])[] =>
  events.flatMap((one) =>
    valuesIn([one]).flatMap((value) => (value.tag === tag ? [[one.step ?? 0, value.simpleValue!] as const] : [])),
  );
