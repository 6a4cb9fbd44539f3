// What the type checker knows of layers over space: exactly these shapes, and every directive must fail. tsc is the test.
import { nn, zeros, type Tensor } from "../index.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function is<S extends readonly number[]>(): <T extends readonly number[]>(
  t: Tensor<T>,
  ...same: Equal<S, T> extends true ? [] : [got: T]
) => void;

const signal = zeros([8, 3, 100]);
const image = zeros([8, 3, 32, 32]);
const volume = zeros([8, 3, 4, 5, 6]);
declare const any: Tensor;

is<[8, 16, number]>()(new nn.Conv1d(3, 16, 5).forward(signal));
is<[8, 16, 100]>()(new nn.Conv1d(3, 16, 5, { padding: "same" }).forward(signal));
is<[8, 16, number, number, number]>()(new nn.Conv3d(3, 16, 3).forward(volume));
is<[number, 16, number, number]>()(new nn.Conv2d(3, 16, 3).forward(any));
is<[8, 16, number, number]>()(new nn.ConvTranspose2d(3, 16, 4, { stride: 2 }).forward(image));
is<[8, 3, number]>()(new nn.MaxPool1d(2).forward(signal));
const [values, indices] = new nn.MaxPool2d(2, { returnIndices: true }).forward(image);
is<[8, 3, number, number]>()(values);
is<[8, 3, number, number]>()(indices);
is<[8, 3, number, number, number]>()(new nn.AdaptiveAvgPool3d(1).forward(volume));
is<[8, 3, number, number]>()(new nn.ReflectionPad2d(1).forward(image));
is<[8, 3, 32, 32]>()(new nn.GroupNorm(3, 3).forward(image));
is<[8, 3, 32, 32]>()(new nn.Dropout2d(0.1).forward(image));
is<[24, 1024]>()(
  nn
    .sequential(new nn.Flatten(2))
    .forward(zeros([24, 1024, 1]))
    .reshape([24, 1024]),
);
is<[8, 10]>()(
  nn
    .sequential(
      new nn.Conv1d(3, 4, 5, { padding: "same" }),
      new nn.BatchNorm1d(4),
      new nn.Flatten(),
      new nn.Linear(400, 10),
    )
    .forward(signal),
);

// @ts-expect-error channels
new nn.Conv1d(4, 16, 5).forward(signal);
// @ts-expect-error rank
new nn.Conv3d(3, 16, 3).forward(image);
// @ts-expect-error channels
new nn.ConvTranspose2d(4, 16, 4).forward(image);
// @ts-expect-error layers that do not chain
nn.sequential(new nn.Conv2d(3, 8, 3), new nn.Conv2d(4, 8, 3));
// @ts-expect-error no such mode
nn.interpolate(image, { size: 4, mode: "cubic" });
