#!/usr/bin/env python3
"""Writes the small .npy, .npz and .safetensors files of tests/golden/files. Run by hand; the results
are committed. Made with numpy 2.4.6 and safetensors 0.8.0."""
import pathlib

import numpy
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent / "files"


def npy():
    for name in ("float32", "float64"):
        values = numpy.array([[0.1, -2.5, 3e30], [-0.0, numpy.inf, numpy.nan]], name)
        numpy.save(HERE / f"{name}.npy", values)
    for name in ("int8", "int16", "int32", "int64"):
        limits = numpy.iinfo(name)
        numpy.save(HERE / f"{name}.npy", numpy.array([limits.min, -1, 0, limits.max], name))
    for name in ("uint8", "uint16", "uint32"):
        numpy.save(HERE / f"{name}.npy", numpy.array([0, numpy.iinfo(name).max], name))
    numpy.save(HERE / "uint64.npy", numpy.array([0, 2**63 - 1], "uint64"))
    numpy.save(HERE / "bool.npy", numpy.array([[[True, False]]]))
    numpy.save(HERE / "scalar.npy", numpy.float64(1.5))
    numpy.save(HERE / "empty.npy", numpy.zeros((3, 0, 2), "float32"))
    for version in ((2, 0), (3, 0)):
        with open(HERE / f"version{version[0]}.npy", "wb") as file:
            numpy.lib.format.write_array(file, numpy.arange(3.0), version=version)
    # Each of these must be refused.
    numpy.save(HERE / "bad_uint64.npy", numpy.array([7, 2**63], "uint64"))
    numpy.save(HERE / "bad_fortran.npy", numpy.asfortranarray(numpy.zeros((2, 3))))
    numpy.save(HERE / "bad_big_endian.npy", numpy.zeros(2, ">f4"))
    numpy.save(HERE / "bad_complex.npy", numpy.zeros(2, "complex64"))
    numpy.save(HERE / "bad_float16.npy", numpy.zeros(2, "float16"))
    numpy.save(HERE / "bad_text.npy", numpy.array(["a", "bc"]))
    numpy.save(HERE / "bad_records.npy", numpy.zeros(2, [("x", "f4"), ("y", "i4")]))
    numpy.save(HERE / "bad_objects.npy", numpy.array([{}, None]), allow_pickle=True)


def npz():
    arrays = {
        "logits": (numpy.arange(120) % 7 / 4).astype("float32").reshape(40, 3),
        "labels": numpy.array([2, 0, -100]),
        "naïve name": numpy.float64(0.1),
        "none": numpy.zeros((0, 4), "float32"),
    }
    numpy.savez(HERE / "stored.npz", **arrays)
    numpy.savez_compressed(HERE / "deflated.npz", **arrays)


def safetensors():
    save_file(
        {
            "z.weight": numpy.arange(6, dtype="float32").reshape(2, 3) / 4,
            "a.weight": numpy.array([1.5, -2.5], "float32"),
            "wide": numpy.array([0.1], "float64"),
            "half": numpy.array([1.0, -0.5, 65504, 6e-8, numpy.inf], "float16"),
            "count": numpy.array(-7, "int64"),
            "flags": numpy.array([True, False, True]),
            "nothing": numpy.zeros((0, 4), "float32"),
            "small": numpy.array([[-128, 127]], "int8"),
            "naïve \"name\"": numpy.array([4000000000], "uint32"),
        },
        HERE / "mixed.safetensors",
        metadata={"format": "pt"},
    )


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    npy()
    npz()
    safetensors()
