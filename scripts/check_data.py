"""Made-up data for check_onnx and check_pytorch, and how they run the program."""
import random
import struct
import subprocess
import sys

WORDS = "the of a to and in is it was for river stone copper iron apple pear plum owl wren small old red".split()


def texts(rows, columns, seed):
    """A CSV file; the label is in the text."""
    draw = random.Random(seed)
    lines = [",".join([*columns, "label"])]
    for row in range(rows):
        cells = [" ".join(draw.choice(WORDS) + draw.choice(["", "", "s", "ing"]) for _ in range(draw.randint(1, 12))) for _ in columns]
        lines.append(",".join([*cells, ("fruit", "metal", "bird")[row % 3]]))
    return "\n".join(lines) + "\n"


def several_labels(rows, seed):
    lines = texts(rows, ["text"], seed).splitlines()
    return "\n".join([lines[0]] + [line if i % 2 else line.rsplit(",", 1)[0] + ',"fruit,bird"' for i, line in enumerate(lines[1:])]) + "\n"


def sentences(count, seed):
    draw = random.Random(seed)
    lines = []
    for _ in range(count):
        for _ in range(draw.randint(1, 9)):
            if draw.random() < 0.25:
                lines += ["New\tB-LOC", draw.choice(["York", "Delhi", "Xyz1"]) + "\tI-LOC"]
            else:
                lines.append(draw.choice(["we", "saw", "A", "§", "Überfluss", "extraordinarily", "1984"]) + "\tO")
        lines.append("")
    return "\n".join(lines) + "\n"


def numbers(rows, seed):
    draw = random.Random(seed)
    lines = ["x,y,z,label"]
    for _ in range(rows):
        x, y = draw.uniform(-1, 3), draw.gauss(1e6, 2)
        lines.append(f"{x},{y},{draw.random()},{'yes' if x > 1 else 'no'}")
    return "\n".join(lines) + "\n"


def images(folder, items):
    draw = random.Random(7)
    for part in ("train", "t10k"):
        pixels = bytes(draw.randrange(100) + (150 if p // 9 == i % 3 else 0) for i in range(items) for p in range(90))
        (folder / f"{part}-images-idx3-ubyte").write_bytes(bytes([0, 0, 8, 3]) + struct.pack(">3I", items, 10, 9) + pixels)
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(bytes([0, 0, 8, 1]) + struct.pack(">I", items) + bytes(i % 3 for i in range(items)))


def make(folder):
    """Task to (training data, new items, options)."""
    def file(name, text):
        (folder / name).write_text(text)
        return folder / name

    pictures = folder / "images"
    pictures.mkdir()
    images(pictures, 60)
    return {
        "text": (file("train.csv", texts(120, ["text"], 1)), file("new.csv", texts(30, ["text"], 2)), []),
        "n-grams": (folder / "train.csv", folder / "new.csv", ["--buckets", "500"]),
        "multilabel": (file("several.csv", several_labels(120, 1)), folder / "new.csv", ["--task", "multilabel"]),
        "pair": (file("pairs.csv", texts(120, ["a", "b"], 3)), file("new_pairs.csv", texts(30, ["a", "b"], 4)),
                 ["--task", "pair", "--text-column", "a", "--second-column", "b"]),
        "tags": (file("train.conll", sentences(80, 1)), file("new.conll", sentences(20, 2)), ["--task", "tags", "--train-scheme", "iob2"]),
        "table": (file("train_numbers.csv", numbers(120, 1)), file("new_numbers.csv", numbers(30, 2)), ["--task", "table"]),
        "image": (pictures, pictures / "t10k-images-idx3-ubyte", ["--task", "image"]),
    }


def runner(build):
    """A function that runs the program of a build with its arguments and returns what it prints."""
    def run(*arguments):
        done = subprocess.run([build / "bin" / "tailgrad", *map(str, arguments)], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"error: tailgrad {' '.join(map(str, arguments))}\n{done.stderr}")
        return done.stdout

    return run
