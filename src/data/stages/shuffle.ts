import { HostRandom } from "../../core/random.ts";
import { orderStage } from "./order.ts";
import { isIndexed, streamStage, type Stage, type Stream } from "./stage.ts";

/** All elements in random order: exact where they can be had by position, through a buffer of `size` elsewhere. */
export function shuffleStage<T>(
  input: Stage<T>,
  seed: number,
  reshuffle: boolean,
  size: number | undefined,
): Stage<T> | undefined {
  const random = (epoch: number): HostRandom => new HostRandom(seed, reshuffle ? epoch : 0);
  if (isIndexed(input))
    return orderStage(input, { name: "shuffle", about: `seed ${seed}` }, input.length, (epoch) => {
      const order = random(epoch).permutation(input.length);
      return (index) => order[index]!;
    });
  if (size === undefined) return undefined;
  return streamStage(
    { name: "shuffle", about: `seed ${seed}, buffer ${size}`, inputs: [input] },
    input.length,
    async function* (epoch, from): Stream<T> {
      const draws = random(epoch);
      // Which positions lie in the buffer after a number of elements depends on the draws alone: they are drawn again, not the elements.
      const drawn = Math.min(from, Math.max(0, (input.length ?? 0) - size));
      const places = Uint32Array.from({ length: size }, (_, slot) => slot);
      for (let given = 0; given < drawn; given++) places[draws.integer(size)] = size + given;
      const slots = new Map(Array.from(places, (place, slot) => [place, slot]));
      let index = places.reduce((least, place) => Math.min(least, place));
      let toDrop = from - drawn;
      const buffer: T[] = [];
      for await (const element of input.open(epoch, index)) {
        const slot = slots.get(index);
        if (slot !== undefined) buffer[slot] = element;
        if (index++ < size + drawn) continue;
        const at = draws.integer(size);
        const out = buffer[at]!;
        buffer[at] = element;
        if (toDrop-- <= 0) yield out;
      }
      for (const element of draws.shuffle(buffer)) if (toDrop-- <= 0) yield element;
    },
  );
}
