/**
 * Finds data races: two accesses of one element by different workers, one of them a write, with nothing that orders them.
 * Threads of a workgroup are ordered by barriers, different workgroups of one launch by nothing.
 */

const WORDS = 6;
const WRITER = 0;
const WRITER_EPOCH = 1;
const READER = 2;
const READER_EPOCH = 3;
const OTHER_READER = 4;
const OTHER_EPOCH = 5;
const PAGE_BYTES = 1024;

/** Who accesses memory, and when. Workers and epochs are numbered from 1 upwards over all launches, groups one after another. */
export interface Moment {
  /** The first worker of this launch. */
  launch: number;
  /** The first worker of the workgroup that runs. */
  group: number;
  worker: number;
  /** Raised by every barrier and workgroup. */
  epoch: number;
}

/** Remembers the last accesses of every element of one ArrayBuffer. Elements are told apart by their first byte. */
export class AccessLog {
  readonly #pages = new Map<number, Uint32Array>();

  /** Notes a read; returns the worker it races with, or 0. */
  read(byte: number, now: Moment): number {
    const page = this.#page(byte);
    const at = (byte % PAGE_BYTES) * WORDS;
    const { worker } = now;
    if (page[at + READER] !== worker) {
      // A reader in an earlier workgroup forbids every later write, so it is the one to keep.
      const keepOther = isEarlierGroup(page[at + OTHER_READER]!, now) && !isEarlierGroup(page[at + READER]!, now);
      if (!keepOther) {
        page[at + OTHER_READER] = page[at + READER]!;
        page[at + OTHER_EPOCH] = page[at + READER_EPOCH]!;
      }
      page[at + READER] = worker;
    }
    page[at + READER_EPOCH] = now.epoch;
    return unordered(page[at + WRITER]!, page[at + WRITER_EPOCH]!, now) ? page[at + WRITER]! : 0;
  }

  /** Notes a write; returns the worker it races with, or 0. */
  write(byte: number, now: Moment): number {
    const page = this.#page(byte);
    const at = (byte % PAGE_BYTES) * WORDS;
    let rival = 0;
    for (let entry = 0; entry < WORDS; entry += 2) {
      if (unordered(page[at + entry]!, page[at + entry + 1]!, now)) rival ||= page[at + entry]!;
    }
    page[at + WRITER] = now.worker;
    page[at + WRITER_EPOCH] = now.epoch;
    return rival;
  }

  #page(byte: number): Uint32Array {
    const number = Math.floor(byte / PAGE_BYTES);
    let page = this.#pages.get(number);
    if (!page) this.#pages.set(number, (page = new Uint32Array(PAGE_BYTES * WORDS)));
    return page;
  }
}

function isEarlierGroup(worker: number, now: Moment): boolean {
  return worker >= now.launch && worker < now.group;
}

function unordered(worker: number, epoch: number, now: Moment): boolean {
  if (worker === now.worker || worker < now.launch) return false;
  return worker < now.group || epoch === now.epoch;
}
