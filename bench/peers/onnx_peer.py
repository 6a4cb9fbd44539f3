"""The workloads without gradients in onnxruntime: graphs as exporters write them, weights inside."""
from math import sqrt

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(0)


def values(*shape):
    return random.standard_normal(shape, dtype=np.float32)


def weights(inputs, *shape):
    return random.uniform(-1, 1, shape).astype(np.float32) / np.float32(sqrt(inputs))


def workloads(threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads

    def session(nodes, inputs, shape, constants={}):
        """Runs nodes from the inputs, by name, to `out` of this shape."""
        graph = helper.make_graph(
            nodes,
            "workload",
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, x.shape) for name, x in inputs.items()],
            [helper.make_tensor_value_info("out", TensorProto.FLOAT, shape)],
            [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in constants.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
        return onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])

    def forward(nodes, inputs, shape, constants={}):
        """Writes its result into memory that is there already, as Myelin's own does."""
        run = session(nodes, inputs, shape, constants)
        binding = run.io_binding()
        for name, x in inputs.items():
            binding.bind_ortvalue_input(name, onnxruntime.OrtValue.ortvalue_from_numpy(x))
        binding.bind_ortvalue_output("out", onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros(shape, np.float32)))
        return lambda: run.run_with_iobinding(binding)

    def matmul(n, transpose_left=False, transpose_right=False):
        # Its optimizer makes one product of a product and its transpositions.
        nodes = [
            helper.make_node("Transpose" if transpose_left else "Identity", ["a"], ["left"]),
            helper.make_node("Transpose" if transpose_right else "Identity", ["b"], ["right"]),
            helper.make_node("MatMul", ["left", "right"], ["out"]),
        ]
        return forward(nodes, {"a": values(n, n), "b": values(n, n)}, (n, n))

    def elementwise(n):
        nodes = [
            helper.make_node("Mul", ["x", "two"], ["doubled"]),
            helper.make_node("Add", ["doubled", "one"], ["moved"]),
            helper.make_node("Relu", ["moved"], ["positive"]),
            helper.make_node("Sigmoid", ["x"], ["gate"]),
            helper.make_node("Mul", ["positive", "gate"], ["out"]),
        ]
        return forward(nodes, {"x": values(n)}, (n,), {"two": 2, "one": 1})

    def softmax(rows, columns):
        return forward([helper.make_node("Softmax", ["x"], ["out"])], {"x": values(rows, columns)}, (rows, columns))

    def inference():
        x, constants = values(1, 784), {}
        nodes, last = [], "x"
        for i, (inputs, outputs) in enumerate([(784, 512), (512, 256), (256, 10)]):
            constants |= {f"weight{i}": weights(inputs, outputs, inputs), f"bias{i}": weights(inputs, outputs)}
            final = outputs == 10
            nodes.append(
                helper.make_node("Gemm", [last, f"weight{i}", f"bias{i}"], ["out" if final else f"dense{i}"], transB=1)
            )
            if not final:
                nodes.append(helper.make_node("Relu", [f"dense{i}"], [last := f"active{i}"]))
        run = session(nodes, {"x": x}, (1, 10), constants)
        return lambda: run.run(None, {"x": x})[0]

    return {
        "matmul128": lambda: matmul(128),
        "matmul512": lambda: matmul(512),
        "matmul1024": lambda: matmul(1024),
        "matmul1024-ta": lambda: matmul(1024, transpose_left=True),
        "matmul1024-tb": lambda: matmul(1024, transpose_right=True),
        "elementwise10m": lambda: elementwise(10_000_000),
        "softmax": lambda: softmax(4096, 1000),
        "mlp-b1": inference,
    }
