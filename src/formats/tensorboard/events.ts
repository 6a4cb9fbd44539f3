/** Event files: TFRecords of events. */
import { encodeMessage, type Wire } from "../protobuf.ts";
import { frameRecord } from "../tfrecord.ts";
import { event, type Event } from "./schema.ts";

/** One event as a record. */
export const encodeEvent = (wire: Wire, one: Event): Uint8Array => frameRecord(encodeMessage(wire, event, one));
