/** What `--peers` prints last. */

/** One line of JSON: a timing, or the reason why there is none. */
export interface Line {
  readonly workload: string;
  readonly device: string;
  readonly threads: number;
  readonly medianMs?: number;
  readonly bestMs?: number;
  readonly firstMs?: number;
  readonly gflops?: number;
  readonly gbps?: number;
  readonly cannot?: string;
}

/**
 * Median milliseconds, a row for each workload: here (`device`), then in each peer, then the fastest peer's name and the median
 * here over its. Below 1 we are faster. Under the rows stands what a peer could not do, and why.
 */
export function drawTable(device: string, peers: readonly string[], lines: readonly Line[]): string {
  const names = [device, ...peers];
  const threads = (name: string): number => lines.find((line) => line.device === name)?.threads ?? 1;
  const rows = [["ms", ...names.map((name) => `${name} ×${threads(name)}`), "best peer", `${device} / best`]];
  for (const workload of new Set(lines.map((line) => line.workload))) {
    const median = (name: string): number | undefined =>
      lines.find((line) => line.workload === workload && line.device === name)?.medianMs;
    const best = peers.reduce<string | undefined>(
      (least, name) => ((median(name) ?? Infinity) < (least ? median(least)! : Infinity) ? name : least),
      undefined,
    );
    const own = median(device);
    rows.push([
      workload,
      ...names.map((name) => `${median(name) ?? "–"}`),
      best ?? "–",
      best && own ? (own / median(best)!).toPrecision(3) : "–",
    ]);
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const table = rows.map((row) =>
    row.map((cell, i) => (i ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join("   "),
  );
  return [...table, ...reasons(lines)].join("\n");
}

/** One line for each reason of each library. */
function reasons(lines: readonly Line[]): string[] {
  const alike = new Map<string, Line[]>();
  for (const line of lines) {
    if (line.cannot === undefined) continue;
    const key = `${line.device}: ${line.cannot}`;
    alike.set(key, [...(alike.get(key) ?? []), line]);
  }
  return [...alike.values()].map((list) => {
    const { device, cannot } = list[0]!;
    return `${device} cannot do ${list.map(({ workload }) => workload).join(", ")}: ${cannot}`;
  });
}
