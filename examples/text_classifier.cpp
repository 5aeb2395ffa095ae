// A text classifier from the parts of the library: words, a tiny transformer, a loss, a trainer.
// (`tailgrad train` does this and more with a file.)
#include <algorithm>
#include <cstdio>

#include <tailgrad/losses/table.h>
#include <tailgrad/models/model_table.h>
#include <tailgrad/models/predict.h>
#include <tailgrad/models/saved_model.h>
#include <tailgrad/models/trainer.h>

using namespace tailgrad;

namespace {
enum : Index { kWeather, kFood, kMusic };
const char* const kNames[] = {"weather", "food", "music"};

// Weather is common here, music rare.
const TextDataset kTraining{
    .path = "",
    .texts = {"rain and wind all day", "the snow melts in the sun", "a storm is coming tonight",
              "clouds hide the sun", "the wind is cold today", "fog in the morning then sun",
              "heavy rain and a storm", "snow and ice on the road", "warm bread with butter",
              "soup and bread for dinner", "the cake needs more butter",
              "a salad for dinner tonight", "she plays the piano", "a song for piano and violin"},
    .labels = {kWeather, kWeather, kWeather, kWeather, kWeather, kWeather, kWeather, kWeather,
               kFood, kFood, kFood, kFood, kMusic, kMusic},
    .lines = {}};
const TextDataset kDev{.path = "",
                       .texts = {"wind and snow", "butter on the bread", "the violin plays a song"},
                       .labels = {kWeather, kFood, kMusic},
                       .lines = {}};
const TextDataset kNew{.path = "",
                       .texts = {"cold rain tonight", "soup with bread", "a violin song",
                                 "ice and fog", "a cake for dinner"},
                       .labels = {},
                       .lines = {}};
}  // namespace

int main() {
  // Words become numbers; the vocabulary is that of the training texts.
  const TextEncoding encoding(kTraining, {.vocabulary = {.min_count = 1}, .max_tokens = 16});
  const Examples train = encoding.encode(kTraining, 3);
  const Examples dev = encoding.encode(kDev, 3);

  // Model and loss by their text forms, as on the command line. la knows how rare each class is.
  const auto model = build_model("transformer:layers=1,width=16,heads=2,feedforward=32,dropout=0.1",
                                 "text", encoding, LabelSet({"weather", "food", "music"}), 1);
  const auto loss = make_loss("la:tau=1", ClassCounts::of_labels(train.classes, 3));
  Trainer trainer(*model, *loss, train, dev, {},
                  {.optimizer = "adamw:lr=1e-2", .epochs = 30, .batch_tokens = 32});
  trainer.run({.after_step = {}, .after_epoch = [](const EpochRecord& epoch) {
                 if (epoch.epoch % 10 == 0)
                   std::printf("epoch %2d  train loss %.3f  dev macro-F1 %.3f\n", epoch.epoch,
                               epoch.train_loss, epoch.dev.at("macro_f1"));
               }});
  trainer.use_best_weights();

  // New texts, without labels.
  const std::vector<Real> logits = predict_logits(*model, encoding.encode(kNew, 3));
  int right = 0;
  for (std::size_t i = 0; i < kNew.texts.size(); ++i) {
    const auto row = logits.begin() + static_cast<std::ptrdiff_t>(3 * i);
    const auto best = std::max_element(row, row + 3) - row;
    std::printf("%-20s %s\n", kNew.texts[i].c_str(), kNames[best]);
    const Index truth[] = {kWeather, kFood, kMusic, kWeather, kFood};
    right += best == truth[i];
  }
  return right >= 4 ? 0 : 1;
}
