"""The comparisons of docs/results_compare.md: which data, which settings, which losses, how many seeds."""

import dataclasses
import pathlib

# The dice loss as its authors' code has it; with the paper's text (smooth=1, alpha=1) it is another loss, see C8.
AUTHORS_DSC = "dsc:variant=reference"
# Every loss that fits the task, and plain cross-entropy on balanced batches.
EVERY = f"all;{AUTHORS_DSC};ce@class-balanced"
SEVERAL = f"all;{AUTHORS_DSC},mode=sigmoid"
EVERY_TAGS = f"all;{AUTHORS_DSC}"
# What the claims are about: these run first, on all sets.
FIRST = f"ce;wce:weights=inverse;focal;dice;dsc;{AUTHORS_DSC};tversky;la:tau=1;ce@class-balanced"
FIRST_TAGS = FIRST.removesuffix(";ce@class-balanced")  # a sentence has many classes: no sampler can balance them
FIRST_SEVERAL = (f"bce;bce:pos_weight=inverse;asl;focal:mode=sigmoid;dice:mode=sigmoid;dsc:mode=sigmoid;{AUTHORS_DSC},mode=sigmoid;"
                 "tversky:mode=sigmoid")
# What question Q5 compares with weights: only the gathering is new, the cells are those of the set.
WEIGHTS = "wce:weights=inverse;ce;la:tau=1;ce@class-balanced"
WEIGHTS_TAGS = "wce:weights=inverse;ce;la:tau=1"


@dataclasses.dataclass
class Comparison:
    """One call of `tailgrad compare`."""

    name: str
    arguments: list  # without --losses, --seeds, --out; {made} is the folder of prepared files
    losses: str = EVERY
    first: str = FIRST
    seeds: int = 5
    part: str = "published"
    about: dict = dataclasses.field(default_factory=dict)

    @property
    def folder(self):
        return "".join(c if c.isalnum() or c in "-.=" else "-" for c in self.name.lower())


def published(data):
    """The nine sets of the main tables. `data`: the folder of the data sets."""
    at = lambda *names: str(pathlib.Path(data, *names))
    tags = ["--task", "tags", "--model", "bilstm:width=50"]
    texts = ["--model", "transformer:layers=1"]
    return [
        Comparison("Glass", [at("tabular", "mlbench_Glass.csv"), "--task", "table", "--label-column", "Type",
                             "--epochs", "60", "--batch-tokens", "32", "--optimizer", "adamw:lr=1e-2"], seeds=20),
        Comparison("Shuttle", [at("tabular", "mlbench_Shuttle.csv"), "--task", "table", "--label-column", "Class",
                               "--epochs", "20", "--batch-tokens", "256", "--optimizer", "adamw:lr=3e-3"], seeds=10),
        Comparison("WordNet", ["wordnet", *texts, "--epochs", "1"]),
        Comparison("TREC-6", ["{made}/trec6_train.tsv", "--test", "{made}/trec6_test.tsv", "--no-header",
                              "--label-column", "1", "--text-column", "2", "--encoding", "latin-1", *texts,
                              "--epochs", "8"]),
        Comparison("BC5CDR", [at("ner_bc5cdr", "train.tsv"), "--dev", at("ner_bc5cdr", "devel.tsv"), "--test",
                              at("ner_bc5cdr", "test.tsv"), "--format", "conll", *tags, "--epochs", "2"], losses=EVERY_TAGS, first=FIRST_TAGS),
        Comparison("GoEmotions", [at("text_goemotions", "train.tsv"), "--dev", at("text_goemotions", "dev.tsv"),
                                  "--test", at("text_goemotions", "test.tsv"), "--task", "multilabel", "--no-header",
                                  "--text-column", "1", "--label-column", "2", "--label-names",
                                  at("text_goemotions", "labels.txt"), *texts, "--epochs", "1"], losses=SEVERAL,
                   first=FIRST_SEVERAL),
        Comparison("MRPC", [at("pair_mrpc", "msr_paraphrase_train.txt"), "--test",
                            at("pair_mrpc", "msr_paraphrase_test.txt"), "--task", "pair", "--format", "tsv", "--quotes",
                            "none", "--text-column", "#1 String", "--second-column", "#2 String", "--label-column",
                            "Quality", *texts, "--epochs", "3"]),
        Comparison("EWT", [at("pos_ud_english_ewt", "en_ewt-ud-train.conllu"), "--dev",
                           at("pos_ud_english_ewt", "en_ewt-ud-dev.conllu"), "--test",
                           at("pos_ud_english_ewt", "en_ewt-ud-test.conllu"), *tags, "--epochs", "1"], losses=EVERY_TAGS, first=FIRST_TAGS),
        Comparison("WNUT17", [at("ner_wnut17", "train.conll"), "--dev", at("ner_wnut17", "dev.conll"), "--test",
                              at("ner_wnut17", "test.conll"), *tags, "--epochs", "4"], losses=EVERY_TAGS, first=FIRST_TAGS),
    ]


# Claims about imbalance and data size: glosses of one lexicographer file against glosses of others, with so many
# negatives for a positive, so many in all. Development and test files are the same in all regimes.
RATIOS = [1, 10, 100]
SIZES = [2000, 10000]
REGIME_LOSSES = f"ce;wce:weights=inverse;focal;dice;dsc;{AUTHORS_DSC};tversky;la:tau=1;ce@class-balanced"
SMALL = ["--model", "bag:width=32", "--optimizer", "adamw:lr=1e-2", "--batch-tokens", "512"]


def regime(size, ratio):
    return f"regime_{size}_{ratio}"


def regime_files(size, ratio):
    return [f"{{made}}/{regime(size, ratio)}.tsv", "--dev", "{made}/regime_dev.tsv", "--test", "{made}/regime_test.tsv"]


def regimes():
    return [Comparison(regime(size, ratio), [*regime_files(size, ratio), *SMALL, "--epochs", "8"],
                       losses=REGIME_LOSSES, first=REGIME_LOSSES, seeds=10, part="regimes", about={"size": size, "ratio": ratio})
            for size in SIZES for ratio in RATIOS]


# Claim C11: how much the choice of a loss's own number matters. Sensible values of each, as papers try them.
KNOBS = {
    "wce": ["wce:weights=inverse", "wce:weights=sqrt-inverse", "wce:weights=lg,k=1", "wce:weights=lg,k=10"],
    "focal": ["focal:gamma=0.5", "focal:gamma=1", "focal:gamma=2", "focal:gamma=5"],
    "dsc": ["dsc:alpha=0.01", "dsc:alpha=0.3", "dsc:alpha=0.6", "dsc:alpha=1"],
    "tversky": ["tversky:alpha=0.3,beta=0.7", "tversky:alpha=0.5,beta=0.5", "tversky:alpha=0.7,beta=0.3"],
    "la": ["la:tau=0.5", "la:tau=1", "la:tau=1.5", "la:tau=2"],
}


def knobs(data):
    losses = ";".join(["ce", *(loss for family in KNOBS.values() for loss in family)])
    sets = {c.name: c for c in published(data)}
    return [Comparison("Knobs, regime_10000_100", [*regime_files(10000, 100), *SMALL, "--epochs", "8"], losses=losses, first=losses,
                       part="knobs"),
            Comparison("Knobs, TREC-6", sets["TREC-6"].arguments, losses=losses, first=losses, seeds=3, part="knobs")]


# Claim C4: squares in the denominator. Short epochs, so that the curves are fine.
SQUARES = f"dice:square=false;dice:square=true;{AUTHORS_DSC},square=false;{AUTHORS_DSC},square=true;ce"


def squares(data):
    sets = {c.name: c for c in published(data)}
    return [Comparison("Squares, regime_2000_10", [*regime_files(2000, 10), *SMALL, "--epochs", "30"], losses=SQUARES, first=SQUARES,
                       part="squares"),
            Comparison("Squares, TREC-6", [*sets["TREC-6"].arguments[:-1], "16"], losses=SQUARES, first=SQUARES, part="squares")]
