/** Brings what was written to the middle, as MNIST has it: as large as 20 × 20 pixels, with its centre of mass in the middle. */
import { SIDE } from "./pad.ts";

const INK = 20;

export function centred(picture: Uint8Array): Uint8Array {
  let [left, right, top, bottom] = [SIDE, -1, SIDE, -1];
  let [mass, massX, massY] = [0, 0, 0];
  picture.forEach((value, at) => {
    if (value === 0) return;
    const [x, y] = [at % SIDE, Math.floor(at / SIDE)];
    // A scan has noise, which is no part of the digit.
    if (value > 64) {
      [left, right] = [Math.min(left, x), Math.max(right, x)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
    }
    [mass, massX, massY] = [mass + value, massX + value * x, massY + value * y];
  });
  if (right < 0) return picture;
  const scale = Math.max(right - left + 1, bottom - top + 1) / INK;
  const [middleX, middleY] = [massX / mass, massY / mass];
  const at = (x: number, y: number): number => (x < 0 || y < 0 || x >= SIDE || y >= SIDE ? 0 : picture[y * SIDE + x]!);
  return Uint8Array.from(picture, (_, place) => {
    const x = middleX + ((place % SIDE) - (SIDE - 1) / 2) * scale;
    const y = middleY + (Math.floor(place / SIDE) - (SIDE - 1) / 2) * scale;
    const [x0, y0] = [Math.floor(x), Math.floor(y)];
    const [fx, fy] = [x - x0, y - y0];
    return (
      (at(x0, y0) * (1 - fx) + at(x0 + 1, y0) * fx) * (1 - fy) +
      (at(x0, y0 + 1) * (1 - fx) + at(x0 + 1, y0 + 1) * fx) * fy
    );
  });
}
