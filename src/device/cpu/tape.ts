/**
 * A program as words in memory: its scalars, the tape that the runner walks, the calls of every step and the words that
 * each call's kernel reads. Built once, with the places noted that depend on where things lie.
 */
import type { Kernel } from "../../ir/kernel.ts";
import type { Program, Repeat, Step, TapeEntry } from "../device.ts";
import { attentionCost, attentionWords } from "./attention.ts";
import { contractCost, contractItems, contractParts, contractWords } from "./blocking.ts";
import type { Target } from "./target.ts";
import { itemsAreNeighbours } from "./vectorize.ts";

/**
 * Words of a tape entry, by byte offset. A step: kind, function, chunks, chunk table. A repeat: kind, times, counter,
 * bytes of its body. A fork, which a target may have: kind, 0, tapes, table of where each begins and ends: tapes that
 * threads walk each on its own.
 */
export const ENTRY_BYTES = 16;
export const LEADER_STEP = 1;
export const SHARED_STEP = 2;
export const REPEAT = 3;
export const FORK = 4;
/**
 * Words of a record, one call of a kernel: block, begin, end. The chunk table holds each chunk's first record's
 * address, and the end.
 */
export const RECORD_BYTES = 12;
/** Chunks of one step, at most: as many as its part of the runner's ticket counts. */
export const MAX_CHUNKS = 4095;

/** Bytes of one scalar: room for every dtype. */
export const SCALAR_BYTES = 8;
/** Steps that cost less (nanoseconds, one core) are the leader's alone. */
const SHARED_COST = 6_000;
/**
 * Nanoseconds of one call of a kernel. Long enough to make the call itself free, short enough to share out evenly,
 * and to let the engine replace slow code, which it does between calls only.
 */
const CHUNK_COST = 20_000;
/** A step is shared out as at least so many chunks per thread, as long as a chunk is worth taking. */
const CHUNKS_PER_THREAD = 4;
const LEAST_CHUNK_COST = 2_000;
/** A thread's part of a loop has at least so many rows: of two, multiplying takes as long as reading weights from the second cache. */
const LEAST_ROWS = 2;
/** Long runs of cheap items start at multiples of this: whole vectors and cache lines. */
const WHOLE_ITEMS = 16;
/**
 * Where items lie side by side, runs of them are of the largest of these that leaves every thread a few: a sum over the rows of a
 * matrix reads so many of each row at a time.
 */
const NEAR_ITEMS: readonly number[] = [128, 64, 32];
const RUNS_PER_THREAD = 2;

/** What a program's words are, before they have a place. */
export interface Layout {
  /** The words, with addresses counted from the layout's own start. */
  readonly words: Int32Array;
  /** Positions in `words` of such addresses. */
  readonly relative: readonly number[];
  /** For every binding, positions of its address. */
  readonly bindings: readonly (readonly number[])[];
  /** Positions of addresses in the scratch heap, and their offsets there. */
  readonly scratch: readonly { readonly position: number; readonly offset: number }[];
  /** The tape, in bytes from the start. The scalars stand at 0. */
  readonly tape: { readonly from: number; readonly to: number };
  /** True when a step is worth sharing. */
  readonly shared: boolean;
}

/** One word of a tape. */
interface EntryWord {
  readonly word: number;
  readonly address: boolean;
}

/** A thread's part of a loop whose rows are apart. */
interface Part {
  readonly number: number;
  readonly parts: number;
  /** The loop's counter, and where this part's own stands. */
  readonly counter: number;
  readonly counterAddress: number;
}

/** Parts of a loop's rows that threads run apart; 1 where they cannot, or where some threads would have too little to do. */
function partsOf({ rows = 1, times, steps }: Repeat, target: Target, threads: number): number {
  const flat = steps.filter((entry): entry is Step => "kernel" in entry);
  const cost = times * flat.reduce((sum, s) => sum + s.work.reduce((own, w) => own + w.cost, 0), 0);
  if (threads === 1 || !target.forks || flat.length < steps.length || cost < SHARED_COST) return 1;
  const mayPart = (parts: number): boolean =>
    flat.every(
      ({ kernel, launches }) =>
        kernel.kind === "loops" ||
        (kernel.kind === "contract" && launches.every(({ sizes }) => contractParts(kernel, sizes, target, parts))),
    );
  for (let parts = threads; parts * LEAST_ROWS <= rows; parts++)
    if (rows % parts === 0 && (parts % threads === 0 || parts >= 4 * threads) && mayPart(parts)) return parts;
  return 1;
}

/** Lays a program out for so many threads. `functionOf` gives a step's place in the table of kernels. */
export function layOut(program: Program, target: Target, threads: number, functionOf: (step: Step) => number): Layout {
  const words: number[] = Array.from({ length: (program.scalars.length * SCALAR_BYTES) / 4 }, () => 0);
  const relative: number[] = [];
  const bindings: number[][] = program.bindings.map(() => []);
  const scratch: { position: number; offset: number }[] = [];
  let shared = false;

  const pushAddress = (address: number): void => {
    relative.push(words.length);
    words.push(address);
  };

  /** The words of one launch: buffers, scalars, sizes, and a contraction's plan. Returns their address. */
  const block = (kernel: Kernel, launch: Step["launches"][number], part?: Part): number => {
    const address = words.length * 4;
    for (const region of launch.buffers) {
      if ("binding" in region) bindings[region.binding]!.push(words.length);
      else scratch.push({ position: words.length, offset: region.scratch });
      for (let word = 0; word < target.addressWords; word++) words.push(0);
    }
    for (const scalar of launch.scalars)
      pushAddress(scalar === part?.counter ? part.counterAddress : scalar * SCALAR_BYTES);
    words.push(...launch.sizes);
    if (kernel.kind === "contract") words.push(...contractWords(kernel, launch.sizes, target, part?.parts));
    if (kernel.kind === "attention") words.push(...attentionWords(kernel, launch.sizes, target));
    return address;
  };

  const step = (s: Step, part?: Part): number[] => {
    const { kernel } = s;
    // How contractions and attention are cut into blocks is this device's own affair.
    const work =
      kernel.kind === "loops"
        ? s.work
        : s.launches.map(({ sizes }) =>
            kernel.kind === "attention"
              ? { items: attentionWords(kernel, sizes, target)[0]!, cost: attentionCost(kernel, sizes, target) }
              : {
                  items: contractItems(kernel, sizes, target, part?.parts),
                  cost: contractCost(kernel, sizes, target),
                },
          );
    const cost = work.reduce((sum, w) => sum + w.cost, 0);
    const isShared =
      !part && threads > 1 && cost >= SHARED_COST && work.some((w) => w.items > 1 || s.launches.length > 1);
    shared ||= isShared;
    const blocks = s.launches.map((launch) => block(s.kernel, launch, part));
    // The cost of a chunk: small launches together make one, a large launch makes several.
    const parts = isShared ? threads * CHUNKS_PER_THREAD : 1;
    const aim = Math.max(Math.min(CHUNK_COST, Math.max(LEAST_CHUNK_COST, cost / parts)), (cost / MAX_CHUNKS) * 2);
    const chunks: number[] = [];
    let filled = Infinity;
    let areNear: boolean | undefined;
    work.forEach(({ items, cost: launchCost }, i) => {
      const each = launchCost / Math.max(1, items);
      const most = Math.max(1, Math.round(aim / Math.max(each, 1e-6)));
      const count = items > most ? Math.ceil(items / most) : 1;
      const even = Math.ceil(items / count);
      const isShort = count > 1 && even < NEAR_ITEMS[0]!;
      if (isShort) areNear ??= kernel.kind === "loops" && itemsAreNeighbours(kernel, target);
      const unit =
        (isShort && areNear && NEAR_ITEMS.find((n) => items >= n * RUNS_PER_THREAD * threads)) || WHOLE_ITEMS;
      const grain = even >= 2 * unit || (isShort && areNear) ? Math.ceil(even / unit) * unit : even;
      const [from, to] = part ? [part.number, part.number + 1].map((n) => (items / part.parts) * n) : [0, items];
      for (let begin = from!; begin < to!; begin += grain) {
        const end = Math.min(to!, begin + grain);
        const partCost = (end - begin) * each;
        if (filled + partCost / 2 > aim && chunks.length < MAX_CHUNKS) {
          chunks.push(words.length * 4);
          filled = 0;
        }
        filled += partCost;
        pushAddress(blocks[i]!);
        words.push(begin, end);
      }
    });
    const end = words.length * 4;
    const table = end;
    for (const first of chunks) pushAddress(first);
    pushAddress(end);
    return chunks.length ? [isShared ? SHARED_STEP : LEADER_STEP, functionOf(s), chunks.length, table] : [];
  };

  // The entries come last, in one piece: a repeat's body follows it.
  const entries = (list: readonly TapeEntry[], tape: EntryWord[] = [], part?: Part): EntryWord[] => {
    for (const entry of list) {
      const parts = "kernel" in entry || part ? 1 : partsOf(entry, target, threads);
      if ("kernel" in entry) step(entry, part).forEach((word, i) => tape.push({ word, address: i === 3 }));
      else if (parts > 1) {
        shared = true;
        const plain = (word: number): EntryWord => ({ word, address: false });
        tape.push(plain(FORK), plain(0), plain(parts), { word: fork(entry, parts), address: true });
      } else {
        const at = tape.length;
        tape.push(
          { word: REPEAT, address: false },
          { word: entry.times, address: false },
          { word: part?.counterAddress ?? entry.counter * SCALAR_BYTES, address: true },
        );
        tape.push({ word: 0, address: false });
        entries(entry.steps, tape, part);
        tape[at + 3] = { word: tape.length * 4 - at * 4 - ENTRY_BYTES, address: false };
      }
    }
    return tape;
  };
  const write = (tape: readonly EntryWord[]): number => {
    const from = words.length * 4;
    for (const { word, address } of tape) {
      if (address) pushAddress(word);
      else words.push(word);
    }
    return from;
  };
  /** A loop as tapes, one for each part of its rows and with a counter of its own. Returns the table of their addresses. */
  const fork = (loop: Repeat, parts: number): number => {
    const addresses = Array.from({ length: parts }, (_, number) => {
      const counterAddress = words.push(0) * 4 - 4;
      const tape = entries([loop], [], { number, parts, counter: loop.counter, counterAddress });
      return { from: write(tape), to: words.length * 4 };
    });
    const table = words.length * 4;
    for (const { from, to } of addresses) {
      pushAddress(from);
      pushAddress(to);
    }
    return table;
  };
  const from = write(entries(program.tape));
  return { words: Int32Array.from(words), relative, bindings, scratch, tape: { from, to: words.length * 4 }, shared };
}
