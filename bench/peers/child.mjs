// One workload of one peer, in a process of its own: `node child.mjs PEER WORKLOAD` prints one JSON line.
import { measure } from "./measure.mjs";

const [peer, workload] = process.argv.slice(2);
/** @type {{ workloads: import("./measure.mjs").Workloads }} */
const { workloads } = await import(`./${peer}.mjs`);
const make = workloads[workload ?? ""];
const line = { workload, device: peer, threads: 1 };
try {
  if (!make) throw new Error(`${peer} has no such workload`);
  console.log(JSON.stringify({ ...line, ...(await measure(make())) }));
} catch (cause) {
  // What a peer cannot do is a result too.
  const message = cause instanceof Error ? cause.message : String(cause);
  console.log(JSON.stringify({ ...line, cannot: message.split("\n")[0] }));
}
