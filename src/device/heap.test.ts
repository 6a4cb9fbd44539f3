import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DeviceError } from "../core/errors.ts";
import { ALIGNMENT, Heap } from "./heap.ts";

describe("heap", () => {
  test("blocks never overlap, stay inside and come back whole, whatever the order", () => {
    const command = fc.oneof(
      fc.record({ kind: fc.constant("allocate" as const), bytes: fc.integer({ min: 0, max: 3000 }) }),
      fc.record({ kind: fc.constant("free" as const), which: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 200 }), fc.boolean(), (commands, grows) => {
        let end = 16_384;
        const heap = new Heap(100, end, (wanted) => (grows && wanted <= 65_536 ? (end = wanted) : end));
        const live: { address: number; bytes: number }[] = [];
        for (const c of commands) {
          if (c.kind === "free") {
            if (live.length) heap.free(live.splice(c.which % live.length, 1)[0]!.address);
            continue;
          }
          const usedBefore = heap.used;
          try {
            const address = heap.allocate(c.bytes);
            expect(address % ALIGNMENT).toBe(0);
            expect(address).toBeGreaterThanOrEqual(100);
            expect(address + c.bytes).toBeLessThanOrEqual(end);
            for (const other of live)
              expect(
                address + Math.max(1, c.bytes) <= other.address || other.address + Math.max(1, other.bytes) <= address,
              ).toBe(true);
            live.push({ address, bytes: c.bytes });
          } catch (error) {
            expect(error).toBeInstanceOf(DeviceError);
            expect(heap.largest).toBeLessThan(Math.max(1, c.bytes));
            expect(heap.used).toBe(usedBefore);
          }
        }
        for (const { address } of live) heap.free(address);
        expect(heap.used).toBe(0);
        expect(heap.largest).toBe(end - (end % ALIGNMENT) - 128);
      }),
      { numRuns: 300 },
    );
  });

  test("addresses below 0 are like others", () => {
    const heap = new Heap(-1024, -512);
    const first = heap.allocate(512);
    expect(first).toBe(-1024);
    heap.free(first);
    expect([heap.allocate(256), heap.allocate(256), heap.largest]).toEqual([-1024, -768, 0]);
  });

  test("takes the smallest hole that fits", () => {
    const heap = new Heap(0, 4096);
    const blocks = [640, 64, 192, 64, 320, 64].map((bytes) => heap.allocate(bytes));
    for (const i of [0, 2, 4]) heap.free(blocks[i]!);
    expect(heap.allocate(150)).toBe(blocks[2]);
    expect(heap.allocate(300)).toBe(blocks[4]);
  });

  test("says what was asked, what is free and what to do", () => {
    const heap = new Heap(0, 2048);
    heap.allocate(1024);
    expect(() => heap.allocate(5000)).toThrow(
      /alloc: 4\.9 KiB were asked for, and of 2\.0 KiB there are 1\.0 KiB free.*smaller batches/,
    );
    expect(() => heap.free(17)).toThrow(/there is no block at 17/);
  });
});
