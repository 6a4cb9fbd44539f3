/**
 * The runner: one small module that walks a program's tape and calls its kernels through a table.
 *
 * One thread, the leader, walks. A step with enough work is published as a job that helpers may join: chunks are taken
 * from one atomic word, and the leader goes on when every chunk is done. Nobody ever waits for a helper that has taken
 * nothing, so one that sleeps, starts late or died between two chunks costs nothing. Small steps are the leader's alone
 * and touch no shared word. Chunks decide who computes what, never in which order something is summed.
 */
import type { MemoryType } from "../cpu/device.ts";
import { ModuleBuilder, type FunctionBuilder, type Local } from "./assembler.ts";
import { ENTRY_BYTES, MAX_CHUNKS, RECORD_BYTES, REPEAT, SHARED_STEP } from "../cpu/tape.ts";
import { KERNEL_PARAMETERS } from "./kernels.ts";

/** Addresses of the words that threads share, each alone on its pair of cache lines. */
export const CONTROL = {
  /**
   * The job's number (8 bits, to tell it from those before) and its chunks not yet taken: the first (12 bits) and the end.
   * The leader takes from the front and helpers from the back, so that each meets the same data again in its own cache.
   * Sleepers wait on it.
   */
  ticket: 128,
  /** Chunks of the job that are not done. The leader waits on it. */
  pending: 256,
  /** The leader sleeps until `pending` is 0. */
  leaderSleeps: 384,
  sleepers: 512,
  /** Modules published: a helper with fewer takes no chunk. `moduleList` is the address of the first one's record. */
  modules: 640,
  moduleList: 644,
  /** The number of the pool that helps now: helpers of others end. */
  pool: 648,
  /** A helper's kernel trapped. */
  failed: 652,
  /** The job: its tape entry, and the threads' scratch areas (the first, and the distance between them). */
  job: 768,
  scratch: 772,
  scratchStride: 776,
} as const;
/** Bytes at the start of the memory that belong to the runner. */
export const CONTROL_BYTES = 1024;

/** Where a ticket's parts begin. */
const FRONT = 12;
const JOB = 24;

/** What `help` returns. */
const STOPPED = 0;
const NEW_MODULES = 1;

/** What the runner's instance offers. */
export interface Runner {
  /**
   * Walks the tape from `from` to `to`. Publishes jobs when `shared`; may sleep when `patient` (a page's main thread
   * must not).
   */
  run(from: number, to: number, shared: number, patient: number): void;
  /**
   * A helper's life, until it must stop or load modules. `loaded` is the number of modules it has; it sleeps after
   * `spins` idle turns. `pool` is the number of the one that it belongs to.
   */
  help(thread: number, loaded: number, spins: number, pool: number): number;
}

/** Idle turns of the leader before it sleeps until helpers are done: about 100 µs. */
const LEADER_SPINS = 20_000;
/** Nanoseconds that the leader waits for a helper's chunk before it gives the helper up. */
const PATIENCE = 20_000_000_000n;

/** The module's bytes, for this kind of memory. */
export function runnerModule(memory: MemoryType): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.importMemory("env", "memory", memory);
  module.importTable("env", "table", 0);
  const kernel = module.type(KERNEL_PARAMETERS, []);
  const records = emitRecords(module, kernel);
  const chunks = emitChunks(module, records);
  const share = emitShare(module, chunks);
  emitRun(module, records, share);
  emitHelp(module, chunks);
  return module.toBytes();
}

/** Calls the kernel of a tape entry for the records from one address to another. */
function emitRecords(module: ModuleBuilder, kernel: number): FunctionBuilder {
  const f = module.function(["i32", "i32", "i32", "i32"], []);
  const [entry, record, end, scratch] = f.params as [Local, Local, Local, Local];
  const callee = f.local("i32");
  f.get(entry).memory("i32.load", 4).set(callee);
  whileBelow(f, record, end, () => {
    f.get(record).memory("i32.load").get(record).memory("i32.load", 4).get(record).memory("i32.load", 8).get(scratch);
    f.get(callee).callIndirect(kernel);
    f.get(record).i32(RECORD_BYTES).op("i32.add").set(record);
  });
  return f;
}

/**
 * Takes chunks of the present job as long as there are any; the first one's ticket is given. Returns how many were
 * done.
 */
function emitChunks(module: ModuleBuilder, records: FunctionBuilder): FunctionBuilder {
  const f = module.function(["i32", "i32"], ["i32"]);
  const [ticket, thread] = f.params as [Local, Local];
  const entry = f.local("i32"),
    chunk = f.local("i32"),
    done = f.local("i32"),
    seen = f.local("i32");
  f.loop(() => {
    hasChunks(f, ticket);
    f.if(() => {
      f.i32(CONTROL.ticket).get(ticket).get(ticket);
      f.i32(-1)
        .i32(1 << FRONT)
        .get(thread)
        .op("select")
        .op("i32.add")
        .atomic("i32.atomic.rmw.cmpxchg")
        .tee(seen);
      f.get(ticket)
        .op("i32.eq")
        .if(() => {
          // From here on the job cannot change: the leader waits for this chunk.
          f.i32(0).memory("i32.load", CONTROL.job).set(entry);
          f.get(ticket).i32(MAX_CHUNKS).op("i32.and").i32(1).op("i32.sub");
          f.get(ticket).i32(FRONT).op("i32.shr_u").i32(MAX_CHUNKS).op("i32.and");
          f.get(thread).op("select").i32(2).op("i32.shl");
          f.get(entry).memory("i32.load", 12).op("i32.add").set(chunk);
          f.get(entry).get(chunk).memory("i32.load").get(chunk).memory("i32.load", 4);
          f.i32(0)
            .memory("i32.load", CONTROL.scratch)
            .i32(0)
            .memory("i32.load", CONTROL.scratchStride)
            .get(thread)
            .op("i32.mul")
            .op("i32.add");
          f.call(records);
          f.get(done).i32(1).op("i32.add").set(done);
          f.i32(CONTROL.ticket).atomic("i32.atomic.load").set(seen);
        });
      // Somebody was faster. A job that is new may need modules that this thread has not: its caller looks again.
      f.get(seen)
        .get(ticket)
        .op("i32.xor")
        .i32(JOB)
        .op("i32.shr_u")
        .if(() => f.get(done).return());
      f.get(seen).set(ticket).br(1);
    });
  });
  f.get(done);
  return f;
}

/** Leaves on the stack whether a ticket has chunks left. */
function hasChunks(f: FunctionBuilder, ticket: Local): void {
  f.get(ticket).i32(FRONT).op("i32.shr_u").get(ticket).op("i32.xor").i32(MAX_CHUNKS).op("i32.and");
}

/** Publishes a step, works on it, and waits until all of it is done. */
function emitShare(module: ModuleBuilder, chunks: FunctionBuilder): FunctionBuilder {
  const f = module.function(["i32", "i32"], []);
  const [entry, patient] = f.params as [Local, Local];
  const count = f.local("i32"),
    ticket = f.local("i32"),
    spins = f.local("i32"),
    left = f.local("i32");
  f.i32(0).get(entry).memory("i32.store", CONTROL.job);
  f.i32(CONTROL.pending).get(entry).memory("i32.load", 8).tee(count).atomic("i32.atomic.store");
  // The next job's number, with all its chunks.
  f.i32(CONTROL.ticket);
  f.i32(0)
    .memory("i32.load", CONTROL.ticket)
    .i32(JOB)
    .op("i32.shr_u")
    .i32(1)
    .op("i32.add")
    .i32(JOB)
    .op("i32.shl")
    .get(count)
    .op("i32.or")
    .tee(ticket);
  f.atomic("i32.atomic.store");
  f.i32(CONTROL.sleepers)
    .atomic("i32.atomic.load")
    .if(() => {
      f.i32(CONTROL.ticket).get(count).i32(1).op("i32.sub").atomic("memory.atomic.notify").op("drop");
    });
  f.i32(CONTROL.pending);
  f.get(ticket).i32(0).call(chunks).tee(count);
  f.atomic("i32.atomic.rmw.sub").get(count).op("i32.sub").set(left);
  f.i32(LEADER_SPINS).set(spins);
  f.loop(() => {
    f.get(left).if(() => {
      f.get(spins).if(
        () => f.get(spins).i32(1).op("i32.sub").set(spins),
        () =>
          f.get(patient).if(() => {
            f.i32(CONTROL.leaderSleeps).i32(1).atomic("i32.atomic.store");
            f.i32(CONTROL.pending).get(left).i64(PATIENCE).atomic("memory.atomic.wait32");
            // 2: time out. A helper was killed in the middle of a chunk, and what it left half done cannot be repeated.
            f.i32(2)
              .op("i32.eq")
              .if(() => f.op("unreachable"));
            f.i32(CONTROL.leaderSleeps).i32(0).atomic("i32.atomic.store");
          }),
      );
      f.i32(CONTROL.pending).atomic("i32.atomic.load").set(left).br(1);
    });
  });
  f.i32(0)
    .memory("i32.load", CONTROL.failed)
    .if(() => f.op("unreachable"));
  return f;
}

/** The walk. A repeat walks its body by calling itself. */
function emitRun(module: ModuleBuilder, records: FunctionBuilder, share: FunctionBuilder): void {
  const f = module.function(["i32", "i32", "i32", "i32"], [], "run");
  const [at, to, shared, patient] = f.params as [Local, Local, Local, Local];
  const kind = f.local("i32"),
    times = f.local("i32"),
    count = f.local("i32"),
    table = f.local("i32");
  const body = f.local("i32"),
    next = f.local("i32");
  whileBelow(f, at, to, () => {
    f.get(at)
      .memory("i32.load")
      .tee(kind)
      .i32(REPEAT)
      .op("i32.eq")
      .if(
        () => {
          f.get(at).memory("i32.load", 4).set(times).i32(0).set(count);
          f.get(at).i32(ENTRY_BYTES).op("i32.add").tee(body).get(at).memory("i32.load", 12).op("i32.add").set(next);
          whileBelow(f, count, times, () => {
            f.get(at).memory("i32.load", 8).get(count).memory("i32.store");
            f.get(body).get(next).get(shared).get(patient).call(f);
            f.get(count).i32(1).op("i32.add").set(count);
          });
          f.get(next).set(at);
        },
        () => {
          f.get(kind)
            .i32(SHARED_STEP)
            .op("i32.eq")
            .get(shared)
            .op("i32.and")
            .if(
              () => f.get(at).get(patient).call(share),
              () => {
                f.get(at).get(at).memory("i32.load", 12).tee(table).memory("i32.load");
                f.get(table).get(at).memory("i32.load", 8).i32(2).op("i32.shl").op("i32.add").memory("i32.load");
                f.i32(0).memory("i32.load", CONTROL.scratch).call(records);
              },
            );
          f.get(at).i32(ENTRY_BYTES).op("i32.add").set(at);
        },
      );
  });
}

function emitHelp(module: ModuleBuilder, chunks: FunctionBuilder): void {
  const f = module.function(["i32", "i32", "i32", "i32"], ["i32"], "help");
  const [thread, loaded, spins, pool] = f.params as [Local, Local, Local, Local];
  const idle = f.local("i32"),
    ticket = f.local("i32"),
    done = f.local("i32");
  f.get(spins).set(idle);
  f.loop(() => {
    // The ticket first: modules that its job needs were published before, and a job of another pool has another number there.
    f.i32(CONTROL.ticket).atomic("i32.atomic.load").set(ticket);
    f.i32(CONTROL.pool)
      .atomic("i32.atomic.load")
      .get(pool)
      .op("i32.ne")
      .if(() => f.i32(STOPPED).return());
    f.i32(CONTROL.modules)
      .atomic("i32.atomic.load")
      .get(loaded)
      .op("i32.ne")
      .if(() => f.i32(NEW_MODULES).return());
    hasChunks(f, ticket);
    f.if(() => {
      f.get(ticket)
        .get(thread)
        .call(chunks)
        .tee(done)
        .if(() => {
          f.i32(CONTROL.pending)
            .get(done)
            .atomic("i32.atomic.rmw.sub")
            .get(done)
            .op("i32.eq")
            .if(() => {
              f.i32(CONTROL.leaderSleeps)
                .atomic("i32.atomic.load")
                .if(() => {
                  f.i32(CONTROL.pending).i32(1).atomic("memory.atomic.notify").op("drop");
                });
            });
        });
      f.get(spins).set(idle).br(1);
    });
    f.get(idle).i32(1).op("i32.sub").tee(idle).brIf(0);
    f.i32(CONTROL.sleepers).i32(1).atomic("i32.atomic.rmw.add").op("drop");
    f.i32(CONTROL.ticket).get(ticket).i64(-1n).atomic("memory.atomic.wait32").op("drop");
    f.i32(CONTROL.sleepers).i32(1).atomic("i32.atomic.rmw.sub").op("drop");
    f.get(spins).set(idle).br(0);
  });
  f.op("unreachable");
}

/** `while (variable < end) body()`. */
function whileBelow(f: FunctionBuilder, variable: Local, end: Local, body: () => void): void {
  f.block(() => {
    f.loop(() => {
      f.get(variable).get(end).op("i32.ge_u").brIf(1);
      body();
      f.br(0);
    });
  });
}
