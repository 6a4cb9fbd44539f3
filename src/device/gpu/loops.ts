/** Loop kernels on GPUs: in pieces, each shared out as its shape asks for. */
import type { LoopKernel } from "../../ir/kernel.ts";
import type { GpuLaunch, GpuTarget } from "./kernel.ts";
import { Passes } from "./passes.ts";
import { piecesOf, type Piece } from "./pieces.ts";
import { inChunks } from "./chunks.ts";
import { lowerOwned } from "./owners.ts";
import { planOf } from "./plan.ts";
import { lowerSolo } from "./solo.ts";
import { lowerTeam } from "./team.ts";

/** The passes of one launch of a kernel. Which they are depends on its sizes and on nothing else. */
export function lowerLoops(kernel: LoopKernel, sizes: readonly number[], target: GpuTarget): GpuLaunch {
  const passes = new Passes(kernel, sizes);
  for (const piece of piecesOf(kernel, passes.slots)) lowerPiece(piece, passes, target);
  return passes.launch;
}

function lowerPiece(piece: Piece, passes: Passes, target: GpuTarget): void {
  const { team, owned, chunks, columns = false } = planOf(piece, passes, target);
  if (chunks) for (const part of inChunks(piece, chunks, columns, passes)) lowerPiece(part, passes, target);
  else if (owned) lowerOwned(piece, owned, passes);
  else if (team) lowerTeam(piece, team, passes, target);
  else lowerSolo(piece, passes, target);
}
