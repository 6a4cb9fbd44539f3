/** What a kernel does, in the user's words. */
import { topological, type Node } from "../graph/node.ts";
import type { Scheduled } from "./schedule.ts";

/** The values that a kernel leaves in memory. */
export const storedBy = ({ group }: Scheduled): Node[] => group.members.filter((m) => m.stored).map((m) => m.node);

/** The ops that it computes, inputs first; a name stands once with its count. */
export function opsOf({ group: { members }, buffers }: Scheduled): string[] {
  const inside = new Set(buffers.filter((b) => !members.some((m) => m.node === b)));
  const nodes = topological(
    members.map((m) => m.node),
    (n) => n.source !== undefined || inside.has(n),
  ).filter((n) => !n.source && !inside.has(n));
  const counts = new Map<string, number>();
  for (const n of nodes) counts.set(n.op.name, (counts.get(n.op.name) ?? 0) + 1);
  return [...counts].map(([name, count]) => (count > 1 ? `${name}×${count}` : name));
}

/** The user's lines that asked for its values, where they are known. */
export const linesOf = (k: Scheduled): string[] => [...new Set(storedBy(k).flatMap((n) => (n.line ? [n.line] : [])))];

/** Ops and lines in a few words. */
export function aboutKernel(k: Scheduled): string {
  const lines = linesOf(k);
  return `${opsOf(k).join(" ")}${lines.length ? ` (${lines.join(", ")})` : ""}`;
}
