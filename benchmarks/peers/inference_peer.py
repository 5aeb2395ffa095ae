#!/usr/bin/env python3
"""One text through a trained model in PyTorch or onnxruntime, on one thread. Reads `MODEL INPUTS LOGITS` a line from stdin (a folder
that train wrote, with model.onnx in it, a .npz file that export wrote, and what predict answered) and writes milliseconds, as JSON.

torch-eager, torch-compile   scripts/torch_models.py in eval and inference mode, without a padding mask: there is no padding
onnxruntime                  all graph optimisations; inputs and outputs bound, so that no call copies or allocates them
"""
import argparse
import json
import pathlib
import sys

import numpy as np

import rows

LIMIT = 1e-4
MODES = ("torch-eager", "torch-compile", "onnxruntime")


def torch_step(folder, arrays, compiled):
    import torch
    sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
    import torch_models
    torch.set_num_threads(1)
    model = torch_models.load(folder)
    inputs = {name: torch.from_numpy(array) for name, array in arrays.items()}
    run = torch.compile(model, dynamic=False) if compiled else model

    def step():
        with torch.inference_mode():
            return run(**inputs, padded=False)

    return step, lambda: step().numpy()


def onnx_step(folder, arrays):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    for name, array in arrays.items():
        binding.bind_ortvalue_input(name, onnxruntime.OrtValue.ortvalue_from_numpy(array))
    binding.bind_output("logits")
    session.run_with_iobinding(binding)
    binding.bind_ortvalue_output("logits", binding.get_outputs()[0])
    return lambda: session.run_with_iobinding(binding), lambda: session.run(["logits"], arrays)[0]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--mode", choices=MODES, default=MODES[0])
    p.add_argument("--seconds", type=float, default=1.0)
    a = p.parse_args()
    rows.keep_memory()
    prepared = {}
    for line in map(str.strip, sys.stdin):
        try:
            if line not in prepared:
                folder, inputs, logits = map(pathlib.Path, line.split())
                arrays = dict(np.load(inputs))
                step, answer = onnx_step(folder, arrays) if a.mode == "onnxruntime" else torch_step(folder, arrays, a.mode == "torch-compile")
                if np.abs(answer().ravel() - np.load(logits).ravel()).max() > LIMIT:
                    raise ValueError("other logits than tailgrad's")
                prepared[line] = step
            result = rows.measure(prepared[line], a.seconds)
        except Exception as e:
            result = dict(error=f"{type(e).__name__}: {e}".splitlines()[0][:300])
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
