/** A pad of 28 × 28 pixels to draw a digit on, with a finger, a pen, a mouse, or by choosing one with the keys. */

export const SIDE = 28;
/** How thick the line is, in pixels of the picture. */
const PEN = 1.15;

export class Pad {
  readonly #canvas: HTMLCanvasElement;
  readonly #changed: (picture: Uint8Array) => void;
  #ink: Float32Array = new Float32Array(SIDE * SIDE);
  #from: readonly [x: number, y: number] | undefined;
  /** What was there before is not what the pen goes on with. */
  #isSample = false;

  /** @param changed is told of the picture: 0 is paper, 255 ink. */
  constructor(canvas: HTMLCanvasElement, changed: (picture: Uint8Array) => void) {
    this.#canvas = canvas;
    this.#changed = changed;
    canvas.width = canvas.height = SIDE;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      if (this.#isSample) this.#ink.fill(0);
      this.#isSample = false;
      this.#from = this.#place(event);
      this.#stroke(this.#from, this.#from);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.#from) return;
      // A fast hand makes more points than frames.
      for (const one of [...event.getCoalescedEvents(), event]) {
        const to = this.#place(one);
        this.#stroke(this.#from, to);
        this.#from = to;
      }
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (this.#from = undefined));
    this.#show();
  }

  clear(): void {
    this.#ink.fill(0);
    this.#isSample = false;
    this.#show();
  }

  /** Puts a picture there. */
  put(picture: Uint8Array): void {
    this.#ink = Float32Array.from(picture, (value) => value / 255);
    this.#isSample = true;
    this.#show();
  }

  /** Where a pointer is, in pixels of the picture. */
  #place({ clientX, clientY }: PointerEvent): readonly [number, number] {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    return [((clientX - left) / width) * SIDE - 0.5, ((clientY - top) / height) * SIDE - 0.5];
  }

  /** Darkens what lies near a line. */
  #stroke([x0, y0]: readonly [number, number], [x1, y1]: readonly [number, number]): void {
    const [dx, dy] = [x1 - x0, y1 - y0];
    const length = dx * dx + dy * dy;
    for (let y = 0; y < SIDE; y++)
      for (let x = 0; x < SIDE; x++) {
        const along = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - x0) * dx + (y - y0) * dy) / length));
        const distance = Math.hypot(x - x0 - along * dx, y - y0 - along * dy);
        const dark = Math.max(0, Math.min(1, PEN + 0.5 - distance));
        this.#ink[y * SIDE + x] = Math.max(this.#ink[y * SIDE + x]!, dark);
      }
    this.#show();
  }

  #show(): void {
    const picture = Uint8Array.from(this.#ink, (value) => 255 * value);
    paint(this.#canvas, picture);
    this.#changed(picture);
  }
}

/** Paints a picture as large as it is; the page scales the canvas. */
export function paint(canvas: HTMLCanvasElement, picture: Uint8Array): void {
  canvas.width = canvas.height = SIDE;
  const pixels = new ImageData(SIDE, SIDE);
  picture.forEach((value, at) => pixels.data.set([24, 26, 32, value], 4 * at));
  canvas.getContext("2d")!.putImageData(pixels, 0, 0);
}
