/** TensorBoard's event files. */
export { SummaryWriter, type EventSink, type SummaryWriterOptions } from "./summaryWriter.ts";
