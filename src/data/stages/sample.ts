import { HostRandom } from "../../core/random.ts";
import { streamStage, type Stage, type Stream } from "./stage.ts";

/**
 * A mixture: every element comes from a stage that is drawn by weight.
 * @param stopOnEmpty end when a stage that has none left is drawn; otherwise the others go on.
 */
export function sampleStage<T>(
  inputs: readonly Stage<T>[],
  weights: readonly number[],
  seed: number,
  stopOnEmpty: boolean,
): Stage<T> {
  const lengths = inputs.map(({ length }) => length);
  const known = lengths.every((length) => length !== undefined);
  const total = known && !stopOnEmpty ? lengths.reduce((sum, length) => sum + length, 0) : undefined;
  const about = `weights ${weights.join(", ")}, seed ${seed}`;
  return streamStage({ name: "sample", about, inputs }, total, async function* (epoch, from): Stream<T> {
    const random = new HostRandom(seed, epoch);
    const left = [...weights];
    /** Draws by the weights that are left; undefined when none is. */
    const draw = (): number | undefined => {
      const sum = left.reduce((a, b) => a + b, 0);
      if (sum === 0) return undefined;
      let mark = random.uniform(0, sum);
      const at = left.findIndex((weight) => (mark -= weight) < 0);
      // Rounding may leave the mark just above the last.
      return at >= 0 ? at : left.findIndex((weight) => weight > 0);
    };
    // Where all lengths are known, the draws alone say how far each stage was.
    const given = inputs.map(() => 0);
    let toDrop = from;
    while (known && toDrop > 0) {
      const which = draw();
      if (which === undefined) return;
      if (given[which]! < lengths[which]!) {
        given[which]!++;
        toDrop--;
      } else if (stopOnEmpty) return;
      else left[which] = 0;
    }
    const streams = inputs.map((input, which) => input.open(epoch, given[which]!));
    try {
      for (let which = draw(); which !== undefined; which = draw()) {
        const { done, value } = await streams[which]!.next();
        if (!done) {
          if (toDrop > 0) toDrop--;
          else yield value;
        } else if (stopOnEmpty) return;
        else left[which] = 0;
      }
    } finally {
      for (const stream of streams) await stream.return();
    }
  });
}
