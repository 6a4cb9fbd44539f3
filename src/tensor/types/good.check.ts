// Every line below must check, with exactly the result types named: `is<Expected>()(value)`. tsc is the test.
import {
  arange,
  concat,
  einsum,
  eye,
  grad,
  jvp,
  nn,
  ones,
  randn,
  stack,
  tensor,
  type Dim,
  type Parameter,
  type Shape,
  type Tensor,
  valueAndGrad,
  vjp,
  zeros,
} from "../../index.ts";
import type { Product, Sum } from "./digits.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function is<S extends readonly number[]>(): <T extends readonly number[]>(
  t: Tensor<T>,
  ...same: Equal<S, T> extends true ? [] : [got: T]
) => void;
declare function yes<T extends true>(): T;

// digits
yes<Equal<Product<[512, 512, 3]>, 786432>>();
yes<Equal<Product<[50257, 12288]>, 617558016>>();
yes<Equal<Product<[999, 999, 999]>, 997002999>>();
yes<Equal<Product<[7]>, 7>>();
yes<Equal<Product<[]>, 1>>();
yes<Equal<Product<[10, 10]>, 100>>();
yes<Equal<Product<[10, 0, 7]>, 0>>();
yes<Equal<Sum<999, 1>, 1000>>();
yes<Equal<Sum<5, 12345>, 12350>>();
yes<Equal<Sum<99, 9901>, 10000>>();
yes<Equal<Sum<0, 0>, 0>>();

// creation
is<[2, 2]>()(
  tensor([
    [1, 2],
    [3, 4],
  ]),
);
is<[2, 1, 3]>()(tensor([[[1, 2, 3]], [[4, 5, 6]]]));
is<[]>()(tensor(3));
is<[3]>()(tensor([true, false, true]));
is<[3]>()(tensor([1, 2, 3], { dtype: "i32" }));
declare const rows: number[][];
is<[number, number]>()(tensor(rows));
is<[2, 3]>()(tensor(new Float32Array(6), [2, 3]));
is<[number]>()(tensor(new Float32Array(6)));
is<[2, 3]>()(zeros([2, 3]));
const fixed = [4, 5] as const;
is<[4, 5]>()(zeros(fixed));
declare const n: number;
is<[number, 784]>()(zeros([n, 784]));
declare const dims: number[];
is<number[]>()(zeros(dims));
is<[2, 3]>()(zeros(zeros([2, 3]).shape));
is<[3, 3]>()(eye(3));
is<[3, 5]>()(eye(3, 5));
is<[3]>()(arange(3));
is<[number]>()(arange(3, 7));

// broadcasting
const x = zeros([32, 784]),
  w = zeros([784, 128]),
  b = zeros([128]);
is<[32, 128]>()(x.matmul(w).add(b));
is<[8, 7, 6, 5]>()(zeros([8, 1, 6, 1]).mul(zeros([7, 1, 5])));
is<[32, 784]>()(x.add(1).mul(0.5).sub(x));
const dyn = zeros([n, 784]);
is<[number, 784]>()(dyn.add(zeros([784])));
is<[32, 784]>()(dyn.add(x));
declare const any: Tensor;
is<[...number[], 128]>()(any.add(b));
is<Shape>()(any.add(any));
is<Shape>()(any.add(1));
is<[32, 784]>()(x.where(x.gt(0), 0));
is<[32, 784]>()(x.maskedFill(zeros([784]).bool(), -1));

// matmul
is<[number, 128]>()(dyn.matmul(w));
is<[4, 8, 16, 16]>()(zeros([4, 8, 16, 64]).matmul(zeros([4, 8, 64, 16])));
is<[4, 8, 16, 16]>()(zeros([4, 1, 16, 64]).matmul(zeros([8, 64, 16])));
is<[32]>()(x.matmul(zeros([784])));
is<[]>()(b.matmul(b));
is<[...number[], 128]>()(any.matmul(w));
is<[32, 784, 128]>()(x.outer(b));
is<Shape>()(einsum("ij,jk->ik", x, w));

// reductions
is<[]>()(x.sum());
is<[32]>()(x.sum(1));
is<[32]>()(x.mean(-1));
is<[32, 1]>()(x.max(-1, true));
is<[1, 1]>()(x.sum(undefined, true));
is<[3]>()(zeros([2, 3, 4]).sum([0, 2]));
is<[2, 1, 1]>()(zeros([2, 3, 4]).sum([1, -1], true));
is<[number]>()(dyn.argmax(1));
is<Shape>()(x.sum(n));
is<Shape>()(any.sum(1));
is<[...number[], 1]>()(any.add(b).mean(-1, true));
is<[number, 784]>()(dyn.softmax(-1));
is<[32, 784]>()(x.softmax());
is<Shape>()(any.softmax(3));
is<[32]>()(x.variance(1, false, 0));

// movement
is<[32, 28, 28, 1]>()(x.reshape([32, 28, 28, 1]));
is<[32, 784]>()(x.reshape([32, -1]));
is<[25088]>()(x.reshape([-1]));
is<[0, 784]>()(tensor([]).reshape([0, 784]));
is<[number, 28, 28]>()(dyn.reshape([-1, 28, 28]));
is<[number, 784]>()(dyn.reshape([n, 784]));
is<Shape>()(x.reshape(dims));
is<[number, 10]>()(any.reshape([-1, 10]));
is<[784, 32]>()(x.T);
is<[2, 4, 3]>()(zeros([2, 3, 4]).permute([0, 2, 1]));
is<[2, 4, 3]>()(zeros([2, 3, 4]).transpose(-1, -2));
is<[32, 1, 784]>()(x.unsqueeze(1));
is<[32, 784, 1]>()(x.unsqueeze(-1));
is<[2, 3]>()(zeros([1, 2, 1, 3]).squeeze());
is<[1, 2, 3]>()(zeros([1, 2, 1, 3]).squeeze(2));
is<[32, 128]>()(b.expand([32, 128]));
is<[10, 784]>()(x.slice([0, 10]));
is<[784]>()(x.slice(3));
is<[number, 784]>()(x.slice([0, 10, 2]));
is<[number, 784]>()(x.slice([0, undefined, 2]));
is<[32, number]>()(x.slice(null, [2, 5]));
is<[4, 75]>()(zeros([4, 3, 5, 5]).flatten(1));
is<[number, 3136]>()(zeros([n, 64, 7, 7]).flatten(1));
is<[32, 10]>()(x.narrow(1, 5, 10));
is<[32, number]>()(x.split(100, 1)[0]!);
is<[784]>()(x.unbind()[0]!);

// joining
is<[64, 784]>()(concat([x, x]));
is<[32, 912]>()(concat([x, zeros([32, 128])], 1));
is<[number, 784]>()(concat([dyn, x], 0));
is<[2, 32, 784]>()(stack([x, x]));
is<[32, 784, 3]>()(stack([x, x, x], -1));
declare const many: Tensor[];
is<Shape>()(concat(many));
is<Shape>()(stack(many));

// indexing and convolution
is<[5, 7, 64]>()(zeros([1000, 64]).gather(zeros([5, 7])));
is<[5, 10]>()(zeros([5]).int().oneHot(10));
const image = zeros([8, 3, 32, 32]);
is<[8, 16, 32, 32]>()(image.conv2d(zeros([16, 3, 3, 3]), { padding: "same" }));
is<[8, 16, number, number]>()(image.conv2d(zeros([16, 3, 3, 3]), { padding: "same", stride: 2 }));
is<[8, 16, number, number]>()(image.conv2d(zeros([16, 3, 3, 3])));
is<[8, 3, number, number]>()(image.conv2d(zeros([3, 1, 3, 3]), { groups: 3 }));
is<[8, 3, number, number]>()(image.maxPool2d(2));

// variance: literal to plain is free; plain to literal takes a check
const plain: Tensor = x;
const back: Tensor<[32, 784]> = plain.asShape([32, 784]);
const half: Tensor<[number, 784]> = x;
const nested: Tensor<readonly [32, 784]> = x;
const mixed: Tensor[] = [x, b, dyn, any];
const map = new Map<string, Tensor>([["x", x]]);
map.set("b", b);
function length(t: Tensor): Tensor<[]> {
  return t.square().sum().sqrt();
}
is<[]>()(length(x));
function head<S extends readonly number[]>(t: Tensor<S>): Tensor<S> {
  return t.relu();
}
is<[32, 784]>()(head(x));

const trained: Parameter = nn.parameter(tensor(new Float32Array(6), [2, 3]));
is<[3, 2]>()(nn.parameter(tensor(new Float32Array(6), [2, 3])).T);
is<Shape>()(any.T);

// generic functions: equal type parameters and literals resolve
function logits<N extends number>(t: Tensor<[N, 784]>): Tensor<[N, 128]> {
  return t
    .matmul(w)
    .add(zeros([128]))
    .relu();
}
is<[32, 128]>()(logits(x));
is<[number, 128]>()(logits(dyn));
export function addBias<N extends number, C extends number>(t: Tensor<[N, C]>, bias: Tensor<[C]>): Tensor<[N, C]> {
  return t.add(bias);
}
export function linear<N extends number, I extends number, O extends number>(
  t: Tensor<[N, I]>,
  weight: Tensor<[I, O]>,
  bias: Tensor<[O]>,
): Tensor<[N, O]> {
  return t.matmul(weight).add(bias).relu();
}
export function scores<N extends number, T extends number, D extends number>(
  q: Tensor<[N, T, D]>,
  k: Tensor<[N, T, D]>,
): Tensor<[N, T, T]> {
  return q.matmul(k.transpose(-1, -2)).mul(0.125).softmax(-1);
}
export function pick(flag: boolean): Tensor<[]> {
  const p = flag ? zeros([2, 3]) : zeros([4, 5]);
  return p.add(1).relu().sum();
}
export function norms(params: { w: Tensor<[2, 3]>; b: Tensor<[3]> }): Tensor {
  return Object.values(params)
    .map((p) => p.square().sum())
    .reduce((p, q) => p.add(q));
}

// named sizes
type Batch = Dim<"batch">;
declare const B: Batch;
const named = zeros([B, 784]);
is<[Batch, 128]>()(named.matmul(w).add(b));
is<[Batch, 784]>()(named.add(named));
is<[Batch, 784]>()(named.softmax(-1));
const asDyn: Tensor<[number, 784]> = named;

// derivatives keep the shapes of what they are taken by
const loss = (weight: Tensor<[784, 128]>, input: Tensor<[32, 784]>): Tensor => input.matmul(weight).square().mean();
is<[784, 128]>()(grad(loss)(w, x));
is<[32, 784]>()(grad(loss, { argnums: 1 })(w, x));
const both = grad(loss, { argnums: [0, 1] })(w, x);
is<[784, 128]>()(both[0]);
is<[32, 784]>()(both[1]);
const named2 = grad((p: { w: Tensor<[784, 128]>; b: Tensor<[128]> }) => x.matmul(p.w).add(p.b).sum())({ w, b });
is<[128]>()(named2.b);
const [[value, aux], gradient] = valueAndGrad((p: Tensor<[128]>) => [p.sum(), { scaled: p.mul(2) }] as const, {
  hasAux: true,
})(b);
is<[]>()(value);
is<[128]>()(aux.scaled);
is<[128]>()(gradient);
is<[32, 784]>()(vjp((t: Tensor<[32, 784]>) => t.matmul(w), x)[1]()[0]);
is<[32, 784]>()(jvp((t: Tensor<[32, 784]>) => t.square(), [x], [x])[1]);

void [trained, back, half, nested, mixed, asDyn, ones([1]), randn([2])];
