import { explain, randn, type Tensor } from "myelin";

const [w, b] = [randn([784, 128]), randn([128])];
const layer = (x: Tensor<[64, 784]>) => x.matmul(w).add(b).relu().softmax();
console.log(explain(layer, randn([64, 784])).toString({ code: true }));
