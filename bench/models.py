#!/usr/bin/env python3
"""How long a model thinks: burn beside the same network in ONNX Runtime, and beside trees in LightGBM, in one run.

    cargo build --release -p touchstone-scoring --example latency && bench/models.py [PROGRAM]

PROGRAM is target/release/examples/latency unless it is named. Needs `pip install onnx onnxruntime lightgbm numpy`.
The network's weights and what it is shown are handed over; the ONNX graph must say the same to five digits before
anything is timed. LightGBM learns as many trees of the same depth from the same lessons. All on one thread.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import lightgbm
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

TIMES = 2_000


def graph(weights):
    """The network as an ONNX graph, layer by layer as scoring/src/steps/network/layers.rs has it."""
    tensors = {name: np.array(tensor["values"], np.float32).reshape(tensor["shape"]) for name, tensor in weights.items()}
    nodes, names = [], iter(range(10_000))

    def add(op, inputs, **attributes):
        out = f"t{next(names)}"
        nodes.append(helper.make_node(op, inputs, [out], **attributes))
        return out

    def silu(x):
        return add("Mul", [x, add("Sigmoid", [x])])

    def linear(x, path):
        return add("Gemm", [x, f"{path}.weight", f"{path}.bias"])

    def read(window, path):
        for layer in ("near", "far"):
            window = silu(add("Conv", [window, f"{path}.{layer}.weight", f"{path}.{layer}.bias"], strides=[2], pads=[2, 2]))
        return silu(linear(add("Flatten", [window]), f"{path}.out"))

    seen = add("Concat", ["columns", read("fine", "fine"), read("coarse", "coarse")], axis=1)
    hidden = silu(linear(silu(linear(seen, "first")), "second"))
    risks = linear(hidden, "risks")
    # What it begins with goes round the network to the first risk: a regression's log-odds, or the levels'.
    begun = linear("columns", "wide") if "wide.weight" in tensors else "levels"
    tensors["round"] = np.array([[1.0, 0.0, 0.0]], np.float32)
    nodes.append(helper.make_node("Softmax", [add("Add", [risks, add("MatMul", [begun, "round"])])], ["risks"], axis=1))
    initial = [numpy_helper.from_array(value, name) for name, value in tensors.items()]
    tracks = tensors["fine.near.weight"].shape[1]
    shapes = {"columns": [None, tensors["first.weight"].shape[0] - 2 * tensors["fine.out.weight"].shape[1]],
              "fine": [None, tracks, None], "coarse": [None, tracks, None], "levels": [None, 1]}
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    output = helper.make_tensor_value_info("risks", TensorProto.FLOAT, [None, 3])
    made = helper.make_graph(nodes, "network", inputs, [output], initial)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return model, shapes


def timed(work, times):
    for _ in range(times // 10):
        work()
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        took.append((time.perf_counter() - begun) * 1e6)
    return {"p50_us": float(np.percentile(took, 50)), "p99_us": float(np.percentile(took, 99))}


def table(lessons):
    values = np.array([np.nan if value is None else value for value in lessons["values"]], np.float64)
    return values.reshape(-1, lessons["width"]), np.array(lessons["won"])


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "target/release/examples/latency"
    with tempfile.TemporaryDirectory() as folder:
        ours = json.loads(subprocess.run([program, folder], check=True, capture_output=True, text=True).stdout)
        read = lambda name: json.loads((Path(folder) / name).read_text())
        weights, shown, lessons = read("weights.json"), read("shown.json"), read("lessons.json")
    model, shapes = graph(weights)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    rows = len(shown["said"])
    width = {"columns": [shapes["columns"][1]], "levels": [1]}
    for window in ("fine", "coarse"):
        tracks = shapes[window][1]
        width[window] = [tracks, len(shown[window]) // rows // tracks]
    inputs = {name: np.array(shown[name], np.float32).reshape(rows, *width[name]) for name in shapes}
    said = session.run(None, inputs)[0][:, 0]
    apart = float(np.abs(said - np.array(shown["said"])).max())
    assert apart < 1e-5, f"the two networks differ by {apart}"

    values, won = table(lessons["early"])
    later, _ = table(lessons["later"])
    trees = lightgbm.train(
        {"objective": "binary", "max_depth": ours["depth"], "num_leaves": 2 ** ours["depth"], "learning_rate": 0.03,
         "min_data_in_leaf": 60, "num_threads": 1, "verbose": -1, "seed": 1, "deterministic": True},
        lightgbm.Dataset(values, won), num_boost_round=ours["trees"])

    print(f"\n### How long a model thinks, µs (p50 / p99), one thread\n\nThe two networks differ by {apart:.1e} at most over {rows} rows; "
          f"{ours['trees']} trees of depth {ours['depth']}.\n")
    print("| rows at once | burn (flex) | ONNX Runtime | burn : ONNX | forust | LightGBM | forust : LightGBM |\n|---|---|---|---|---|---|---|")
    show = lambda t: f"{t['p50_us']:.0f} / {t['p99_us']:.0f}"
    for line in ours["times"]:
        batch = line["batch"]
        few = TIMES // max(1, batch.bit_length() - 1)
        part = {name: value[:batch] for name, value in inputs.items()}
        theirs = timed(lambda: session.run(None, part), few)
        some = later[:batch]
        boosted = timed(lambda: trees.predict(some, num_threads=1), few)
        print(f"| {batch} | {show(line['burn'])} | {show(theirs)} | {line['burn']['p50_us'] / theirs['p50_us']:.2f} | "
              f"{show(line['forust'])} | {show(boosted)} | {line['forust']['p50_us'] / boosted['p50_us']:.2f} |")
    print(f"\nA signal with all its targets and the features that moved it, by burn: {show(ours['signal_with_reasons'])} µs. "
          "burn and forust are timed from features on (centring and scaling included), ONNX Runtime from its tensors on, "
          "LightGBM from its table on; the last two through Python.")


if __name__ == "__main__":
    main()
