// Every line below must fail: `@ts-expect-error` is verified by tsc, and check.test.ts compares the sentences that tsc prints
// with bad.errors.txt.
import { tensor, zeros, concat, stack, type Dim, type Tensor } from "../../index.ts";

const x = zeros([32, 784]),
  w = zeros([700, 128]),
  img = zeros([8, 3, 32, 32]);
declare const dyn: Tensor<[number, 784]>;
declare const any: Tensor;

// @ts-expect-error matmul
x.matmul(w);
// @ts-expect-error matmul, dynamic batch
dyn.matmul(w);
// @ts-expect-error matmul, batched
zeros([4, 8, 16, 64]).matmul(zeros([3, 64, 16]));
// @ts-expect-error matmul with a scalar
x.matmul(zeros([]));
// @ts-expect-error broadcast
x.add(zeros([127]));
// @ts-expect-error broadcast behind an unknown batch
dyn.mul(zeros([32, 783]));
// @ts-expect-error condition
x.where(zeros([127]), 0);
// @ts-expect-error axis
x.sum(2);
// @ts-expect-error negative axis
dyn.softmax(-3);
// @ts-expect-error reshape, product
x.reshape([32, 28, 27]);
// @ts-expect-error permute, rank
x.permute([0, 1, 2]);
// @ts-expect-error permute, repeated
x.permute([1, 1]);
// @ts-expect-error squeeze
zeros([2, 3]).squeeze(1);
// @ts-expect-error unsqueeze
x.unsqueeze(4);
// @ts-expect-error expand
zeros([3]).expand([2, 4]);
// @ts-expect-error slice
x.slice([0, 1], [0, 2], [0, 3]);
// @ts-expect-error concat
concat([x, zeros([32, 700])], 0);
// @ts-expect-error stack
stack([x, zeros([32, 700])]);
// @ts-expect-error conv channels
img.conv2d(zeros([16, 4, 3, 3]));
// @ts-expect-error conv rank
x.conv2d(zeros([16, 4, 3, 3]));
// @ts-expect-error ragged
tensor([[1, 2], [3]]);
// @ts-expect-error plain to literal needs asShape
const t: Tensor<[2, 3]> = any;
// @ts-expect-error dynamic to literal needs asShape
const u: Tensor<[32, 784]> = dyn;
declare const B: Dim<"batch">, T: Dim<"time">;
// @ts-expect-error two names are two sizes
zeros([B, 64]).add(zeros([T, 64]));
// @ts-expect-error a name is not a literal
zeros([B, 64]).add(zeros([32, 64]));
// @ts-expect-error a string is no tensor
x.add("1");
void [t, u];
