// TensorFlow.js with its WebAssembly backend, whose kernels have run when a call returns.
import * as tf from "@tensorflow/tfjs-core";
import { setThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import { workloadsOf } from "./tfjs.mjs";

setThreadsCount(1);
await tf.setBackend("wasm");

export const workloads = workloadsOf();
