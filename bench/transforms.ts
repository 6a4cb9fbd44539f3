/**
 * `node build/bench/transforms.js [--json]`: milliseconds of processor time that transforms take an image. bench/peers/transforms_peer.py does the
 * same with torchvision.
 */
import { parseArgs } from "node:util";
import { hostArray, transforms, type HostArray } from "myelin";

/** A photo as cameras' are after a first reduction: rows × columns of RGB. */
function photo(rows: number, columns: number): HostArray {
  const data = new Uint8Array(rows * columns * 3);
  for (let at = 0; at < data.length; at++) data[at] = (at * 31 + Math.floor(at / 997) * 7) % 256;
  return hostArray(data, [rows, columns, 3]);
}

const imagenet = { ...transforms.IMAGENET, channelsFirst: true };
const place = (index: number): { epoch: number; index: number } => ({ epoch: 0, index });
const train = (steps: readonly transforms.ImageTransform[]): ((image: HostArray, index: number) => HostArray) => {
  const pipeline = transforms.pipeline(steps, { seed: 1 });
  return (image, index) => pipeline.train(image, place(index));
};

/** What is timed: the photo's size, and what is done with it. */
const workloads: Readonly<
  Record<string, [size: [number, number], run: (image: HostArray, index: number) => HostArray]>
> = {
  "resize 224, flip, normalize": [
    [375, 500],
    train([transforms.resizeTo(224), transforms.randomHorizontalFlip(), transforms.normalize(imagenet)]),
  ],
  "resize 224 without antialias, flip, normalize": [
    [375, 500],
    train([
      transforms.resizeTo(224, { antialias: false }),
      transforms.randomHorizontalFlip(),
      transforms.normalize(imagenet),
    ]),
  ],
  "resize 224": [[375, 500], train([transforms.resizeTo(224)])],
  "flip, 224": [[224, 224], train([transforms.flipHorizontal()])],
  "normalize, 224": [[224, 224], train([transforms.normalize(imagenet)])],
  "random resized crop 224, flip, color jitter, normalize": [
    [375, 500],
    train([
      transforms.randomResizedCrop(224),
      transforms.randomHorizontalFlip(),
      transforms.colorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4 }),
      transforms.normalize(imagenet),
    ]),
  ],
  "rotation, 224": [[224, 224], train([transforms.randomRotation(30)])],
  "hue, 224": [[224, 224], train([transforms.adjustHue(0.1)])],
};

/** Milliseconds of this process's processor time: what others do on the machine does not count. */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Median milliseconds an image over samples of 50 ms, after a second. */
function timed(run: (image: HostArray, index: number) => HostArray, image: HostArray): number {
  let index = 0;
  const some = (milliseconds: number): number => {
    const begin = processorTime();
    let count = 0;
    do {
      run(image, index++);
      count++;
    } while (processorTime() - begin < milliseconds);
    return (processorTime() - begin) / count;
  };
  some(1000);
  const samples = Array.from({ length: 21 }, () => some(50)).sort((a, b) => a - b);
  return samples[10]!;
}

const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
for (const [name, [[rows, columns], run]] of Object.entries(workloads)) {
  const image = photo(rows, columns);
  const milliseconds = timed(run, image);
  // Megabytes of pixels that go in.
  const megabytes = image.data.length / 1e6 / (milliseconds / 1000);
  if (values.json) console.log(JSON.stringify({ name, milliseconds, megabytes }));
  else console.log(`${name.padEnd(56)} ${milliseconds.toFixed(3)} ms ${megabytes.toFixed(0).padStart(6)} MB/s`);
}
