// Names of persons and places in sentences: words, a BiLSTM, a CRF, a trainer.
// (`tailgrad train --task tags` does this and more with a file.)
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include <tailgrad/losses/table.h>
#include <tailgrad/models/saved_model.h>
#include <tailgrad/models/tag_judgement.h>
#include <tailgrad/models/trainer.h>

using namespace tailgrad;

namespace {
// word/TAG, a line a sentence. Persons are common here, places rare.
TaggedSentences read(const char* text, const LabelSet& labels) {
  TaggedSentences data;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream tokens(line);
    for (std::string token; tokens >> token;) {
      const std::size_t slash = token.find('/');
      data.words.push_back(token.substr(0, slash));
      const std::string tag = slash < token.size() ? token.substr(slash + 1) : "O";
      data.labels.push_back(labels.find(tag).value());
    }
    data.offsets.push_back(static_cast<Index>(data.words.size()));
  }
  return data;
}

const char* const kTraining =
    "Anna/B-PER Berg/I-PER met Carl/B-PER\nwe saw Dora/B-PER and Emil/B-PER Falk/I-PER\n"
    "Gerd/B-PER lives in Bremen/B-LOC\nthe letter from Hanna/B-PER Ihle/I-PER came late\n"
    "a train to New/B-LOC York/I-LOC left\nDora/B-PER went to Bremen/B-LOC with Carl/B-PER\n"
    "Emil/B-PER called Anna/B-PER and Gerd/B-PER\nthe sun was late\nwe met Hanna/B-PER in "
    "Ulm/B-LOC\n"
    "Carl/B-PER Berg/I-PER saw the sun in Ulm/B-LOC\na letter to Emil/B-PER\nthe train was late";
const char* const kDev =
    "Dora/B-PER Ihle/I-PER met Anna/B-PER in Bremen/B-LOC\na train to Ulm/B-LOC left late";
const char* const kNew = "Karla Berg lives in New York\nOtto met Dora in Ulm";
}  // namespace

int main() {
  const LabelSet labels({"O", "B-LOC", "B-PER", "I-LOC", "I-PER"});
  const TagSet tags(labels, TagScheme::iob2);
  const TaggedSentences training = read(kTraining, labels);
  const SentenceEncoding encoding(training, tags.scheme(), tags.scheme(), {});
  const Examples train = encoding.encode(training, labels.size());
  const Examples dev = encoding.encode(read(kDev, labels), labels.size());

  // tau=1: the CRF is told how rare each tag is, and finds more of the rare ones.
  const auto model = build_model("bilstm-crf:width=16,words=16,char_width=16,affixes=16", "tags",
                                 encoding, labels, 1);
  const auto loss = make_loss("crf:tau=1", ClassCounts::of_labels(train.classes, labels.size()));
  const Judge judge = [&](const Examples& split, const Outputs& out) {
    return compute_metrics(
        judge_tags(tags, predictions_from_classes(out.classes, split.classes, labels.size()),
                   split.sentences.offsets));
  };
  Trainer trainer(
      *model, *loss, train, dev, {},
      {.optimizer = "adam:lr=1e-2", .epochs = 40, .batch_tokens = 24, .select = "span_f1"}, judge);
  trainer.run();
  trainer.use_best_weights();
  std::printf("span F1 on dev: %.2f\n",
              *scalar_metric(judge(dev, predict(*model, dev)), "span_f1"));

  const TaggedSentences fresh = read(kNew, labels);
  const Outputs out = predict(*model, encoding.encode(fresh, labels.size()));
  for (std::size_t t = 0; t < fresh.words.size(); ++t)
    std::printf("%-8s %s\n", fresh.words[t].c_str(), labels.name(out.classes[t]).c_str());
  return labels.name(out.classes[0]) == "B-PER" && labels.name(out.classes[4]) == "B-LOC" ? 0 : 1;
}
