/** Event files: TFRecords of events. */
import { maskedCrc32c } from "../crc32c.ts";
import { encodeMessage, type Wire } from "../protobuf.ts";
import { event, type Event } from "./schema.ts";

/** One event as a record: length, its checksum, content, its checksum. */
export function encodeEvent(wire: Wire, one: Event): Uint8Array {
  const content = encodeMessage(wire, event, one);
  const record = new Uint8Array(content.length + 16);
  const view = new DataView(record.buffer);
  view.setUint32(0, content.length, true);
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(content, 12);
  view.setUint32(content.length + 12, maskedCrc32c(content), true);
  return record;
}
