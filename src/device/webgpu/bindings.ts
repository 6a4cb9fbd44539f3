/**
 * How the buffers of a dispatch become bindings. A GPU binds so many at once, and of each so many bytes. What is too large for one is
 * seen through several, its windows. Where that makes too many, buffers of one page share a binding; then the smallest are gathered
 * in one place before the dispatch and put back after it; and then the dispatch is divided: each half of its workgroups sees less.
 */
import { byteSize } from "../../core/dtype.ts";
import { DeviceError } from "../../core/errors.ts";
import type { Pass } from "../gpu/kernel.ts";
import { reachOf } from "../gpu/reach.ts";
import { aligned } from "../heap.ts";
import { PAGE_ALIGNMENT, type Page, type Range } from "./pages.ts";
import type { ShaderLayout } from "./shader.ts";

/** What kernels of a GPU see at once. */
export interface BindingLimits {
  /** Bindings of storage, and bytes of each. */
  readonly bindings: number;
  readonly bindingBytes: number;
  /** Bytes of the bindings of what takes several: a power of two. */
  readonly windowBytes: number;
}

/** Bindings are whole vectors of four words. */
const VECTOR_BYTES = 16;

/** What a dispatch sees of a buffer: bytes of a page, of a buffer whose first element is at `origin`. */
interface Seen {
  readonly page: Page;
  readonly origin: number;
  readonly from: number;
  readonly to: number;
}

/** What is bound, in order; how the shader finds the buffers in it; and the places of those that are based. */
interface Layout {
  readonly bound: readonly Range[];
  readonly shape: ShaderLayout;
  readonly bases: readonly number[];
}

/** What is copied before and, if it `isWritten`, back after. */
export interface Gathered {
  readonly from: Range;
  readonly to: Range;
  readonly isWritten: boolean;
}

/** Some workgroups of a dispatch, and what they are bound to. */
export interface Part extends Layout {
  readonly first: number;
  readonly end: number;
  readonly gathered: readonly Gathered[];
}

/** What dividing must know of the device. */
export interface Surroundings {
  readonly limits: BindingLimits;
  /** Is a page several buffers? No binding reaches across their borders, which are borders of windows. */
  isParted(page: Page): boolean;
  /** Where buffers are gathered; of a page of its own. */
  gathering(): Range;
}

/**
 * @param ranges where the pass's global buffers are.
 * @param about what it computes, for people.
 * @throws DeviceError where a single workgroup sees more than the GPU binds.
 */
export function divide(pass: Pass, ranges: readonly Range[], about: () => string, device: Surroundings): Part[] {
  const globals = pass.kernel.buffers.filter(({ space }) => space === "global");
  const sizes = globals.map(({ dtype }) => byteSize(dtype));
  const written = globals.map(({ access }) => access !== "read");
  const all = ranges.map(({ page, offset, bytes }): Seen => ({
    page,
    origin: offset,
    from: offset,
    to: offset + bytes,
  }));
  const whole = layOut(all, sizes, device, false);
  if (whole) return [{ ...whole, first: 0, end: pass.workgroups, gathered: [] }];
  const parts = (first: number, end: number): Part[] => {
    const reached = reachOf(pass, first, end);
    const seen = all.map((one, i) => within(one, reached[i]!, sizes[i]!));
    const isPart = end - first < pass.workgroups;
    const layout = layOut(seen, sizes, device, isPart);
    if (layout) return [{ ...layout, first, end, gathered: [] }];
    const together = gather(seen, sizes, written, device, isPart);
    if (together) return [{ ...together, first, end }];
    if (end - first > 1) {
      const middle = (first + end) >>> 1;
      return [...parts(first, middle), ...parts(middle, end)];
    }
    throw new DeviceError(
      `webgpu: ${about()} reads and writes ${new Set(ranges.map(({ page }) => page)).size} large arrays at once, from end to end, and a kernel of this GPU sees ${device.limits.bindings} bindings of ${device.limits.bindingBytes} bytes. Split the expression, by reading a part of it first, or use smaller arrays.`,
    );
  };
  return parts(0, pass.workgroups);
}

/** The part of a buffer from one element to another. */
function within({ page, origin, from, to }: Seen, [low, high]: readonly [number, number], size: number): Seen {
  // What lies outside of the buffer is never touched.
  const begin = Math.min(Math.max(from, origin + low * size), to - 1);
  const end = Math.max(Math.min(to, origin + (high + 1) * size), begin + 1);
  return { page, origin, from: begin - (begin % PAGE_ALIGNMENT), to: Math.min(to, aligned(end, VECTOR_BYTES)) };
}

/** Bytes of a page that several buffers are in, and which these are. */
interface Place {
  readonly page: Page;
  readonly from: number;
  readonly to: number;
  readonly members: readonly number[];
}

/** Places that have nothing in common, in the order of the buffers. `reach` says which bytes of its page a buffer takes for itself. */
function placesOf(seen: readonly Seen[], reach: (one: Seen) => Omit<Place, "members"> = (one) => one): Place[] {
  let places: Place[] = [];
  seen.forEach((one, i) => {
    const { page, from, to } = reach(one);
    const meets = (p: Place): boolean => p.page === page && p.from < to && from < p.to;
    const met = places.filter(meets);
    const joined = join([...met, { page, from, to, members: [i] }]);
    const at = met.length ? places.indexOf(met[0]!) : places.length;
    places = [...places.slice(0, at), joined, ...places.slice(at).filter((p) => !meets(p))];
  });
  return places;
}

const join = (places: readonly Place[]): Place => ({
  page: places[0]!.page,
  from: Math.min(...places.map(({ from }) => from)),
  to: Math.max(...places.map(({ to }) => to)),
  members: places.flatMap(({ members }) => members),
});

/** The bindings of what is seen: of each its own, or else of each page. */
function layOut(
  seen: readonly Seen[],
  sizes: readonly number[],
  device: Surroundings,
  isPart: boolean,
): Layout | undefined {
  const apart = placesOf(seen, ({ page, from, to }) => {
    if (!device.isParted(page)) return { page, from, to };
    const { windowBytes } = device.limits;
    return { page, from: from - (from % windowBytes), to: Math.min(page.bytes, aligned(to, windowBytes)) };
  });
  const own = arrange(apart, seen, sizes, device, isPart, false);
  if (own) return own;
  const pages = [...new Set(apart.map(({ page }) => page))];
  const shared = pages.map((page) => join(apart.filter((place) => place.page === page)));
  return arrange(shared, seen, sizes, device, isPart, true);
}

function arrange(
  places: readonly Place[],
  seen: readonly Seen[],
  sizes: readonly number[],
  { limits, isParted }: Surroundings,
  isPart: boolean,
  areShared: boolean,
): Layout | undefined {
  const { bindings, bindingBytes, windowBytes } = limits;
  const bound: Range[] = [];
  const [binding, windows, begin] = [0, 1, 0].map((value) => seen.map(() => value)) as [number[], number[], number[]];
  for (const { page, from, to, members } of places) {
    const bytes = Math.max(VECTOR_BYTES, aligned(to - from, VECTOR_BYTES));
    const each = isParted(page) || bytes > bindingBytes ? windowBytes : bytes;
    for (const i of members) {
      binding[i] = bound.length;
      windows[i] = Math.ceil(bytes / each);
      begin[i] = from;
    }
    for (let at = 0; at < bytes; at += each) bound.push({ page, offset: from + at, bytes: Math.min(each, bytes - at) });
    if (bound.length > bindings) return undefined;
  }
  const isBased = (i: number): boolean => areShared || windows[i]! > 1 || seen[i]!.origin !== begin[i];
  const based = seen.map((_, i) => isBased(i));
  return {
    bound,
    shape: { bindings: binding, based, windows, windowBytes, isPart },
    bases: seen.flatMap(({ origin }, i) => (based[i] ? [(origin - begin[i]!) / sizes[i]!] : [])),
  };
}

/** The bindings with as few of the smallest places as suffices gathered in one. */
function gather(
  seen: readonly Seen[],
  sizes: readonly number[],
  written: readonly boolean[],
  device: Surroundings,
  isPart: boolean,
): (Layout & Pick<Part, "gathered">) | undefined {
  const to = device.gathering();
  const places = placesOf(seen).sort((a, b) => a.to - a.from - (b.to - b.from));
  const moved = [...seen];
  const gathered: Gathered[] = [];
  let end = 0;
  for (const { page, from, to: last, members } of places) {
    const bytes = aligned(last - from, 4);
    if (end + aligned(bytes, PAGE_ALIGNMENT) > to.bytes) return undefined;
    const shift = to.offset + end - from;
    for (const i of members) {
      const one = seen[i]!;
      moved[i] = { page: to.page, origin: one.origin + shift, from: one.from + shift, to: one.to + shift };
    }
    gathered.push({
      from: { page, offset: from, bytes },
      to: { page: to.page, offset: from + shift, bytes },
      isWritten: members.some((i) => written[i]),
    });
    end += aligned(bytes, PAGE_ALIGNMENT);
    const layout = gathered.length > 1 && layOut(moved, sizes, device, isPart);
    if (layout) return { ...layout, gathered };
  }
  return undefined;
}
