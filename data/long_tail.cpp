#include <tailgrad/data/long_tail.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include <tailgrad/core/error.h>
#include <tailgrad/core/random.h>
#include <tailgrad/core/text_form.h>

namespace tailgrad {
namespace {

std::vector<OptionSpec> options(OptionSpec folder, std::string most, std::string dev) {
  return {std::move(folder),
          {.name = "ratio",
           .fallback = "100",
           .range = Range::at_least(1),
           .meaning = "training items of the largest class over those of the smallest"},
          {.name = "profile",
           .kind = OptionKind::word,
           .fallback = "exp",
           .words = {"exp", "step"},
           .meaning = "exp: n_k = most ratio^(-k/(C-1)); step: half of the classes most / ratio",
           .source = "Cao et al. 2019, section 4"},
          {.name = "most",
           .kind = OptionKind::integer,
           .fallback = std::move(most),
           .range = Range::at_least(1),
           .words = {"all"},
           .meaning = "training items of the largest class; all: as many as every class has beside "
                      "dev"},
          {.name = "dev",
           .kind = OptionKind::integer,
           .fallback = std::move(dev),
           .range = Range::at_least(0),
           .meaning = "development items a class, from training images that are not used; 0: a "
                      "tenth of the training items is held out"},
          {.name = "seed",
           .kind = OptionKind::integer,
           .fallback = "1",
           .range = Range::at_least(0),
           .meaning = "which images are used"}};
}

}  // namespace

std::vector<std::size_t> long_tail_counts(std::size_t most, std::size_t classes, double ratio,
                                          std::string_view profile) {
  if (!(ratio >= 1))
    fail("ratio", fmt::format("needs a number >= 1 (largest over smallest class), got {}", ratio));
  std::vector<std::size_t> counts;
  for (std::size_t k = 0; k < classes; ++k) {
    const double share =
        profile == "step"
            ? (k < classes / 2 ? 1 : 1 / ratio)
            : std::pow(1 / ratio, static_cast<double>(k) /
                                      static_cast<double>(std::max<std::size_t>(classes - 1, 1)));
    // What is whole but for the rounding of the power stays whole: int(500 * 0.1^1) is 50.
    const double exact = static_cast<double>(most) * share;
    counts.push_back(static_cast<std::size_t>(std::floor(exact * (1 + 1e-12))));
    if (counts.back() == 0)
      fail("ratio",
           fmt::format("class {} of {} would get 0 training items: {} / {} leaves {:.3g}; choose a "
                       "ratio of at most {}",
                       k, classes, most, ratio, exact, most));
  }
  return counts;
}

ImageSplits make_long_tail(const ImageSplits& all, std::size_t most, double ratio,
                           std::string_view profile, std::size_t dev, std::uint64_t seed) {
  const auto classes = static_cast<std::size_t>(all.labels.size());
  const std::vector<std::size_t> counts = long_tail_counts(most, classes, ratio, profile);
  std::vector<Index> train;
  std::vector<Index> held_out;
  for (std::size_t k = 0; k < classes; ++k) {
    std::vector<Index> items;
    for (std::size_t i = 0; i < all.train.labels.size(); ++i)
      if (all.train.labels[i] == static_cast<Index>(k)) items.push_back(static_cast<Index>(i));
    if (items.size() < counts[k] + dev)
      fail_at(all.train.path, 0, 0,
              fmt::format("class '{}' has {} training images; {} to train and {} for development "
                          "were asked for (options most and dev)",
                          all.labels.name(static_cast<Index>(k)), items.size(), counts[k], dev));
    Random random(seed, "long tail", k);
    random.shuffle(items);
    const auto cut = items.begin() + static_cast<std::ptrdiff_t>(counts[k]);
    train.insert(train.end(), items.begin(), cut);
    held_out.insert(held_out.end(), cut, cut + static_cast<std::ptrdiff_t>(dev));
  }
  std::ranges::sort(train);
  std::ranges::sort(held_out);
  return {
      .labels = all.labels,
      .train = select(all.train, train),
      .dev = select(all.train, held_out),
      .test = all.test,
      .notes = {fmt::format(
          "long tail: {} training images, {} of the largest class, {} of the smallest; {} dev "
          "images, {} a class, from training images that are not used; the test set is balanced",
          train.size(), counts.front(), counts.back(), held_out.size(), dev)}};
}

const std::vector<FormSpec>& long_tail_forms() {
  static const std::vector<FormSpec> forms = {
      {.name = "fashion-mnist-lt",
       .meaning = "long-tailed Fashion-MNIST (task image, 10 classes of 28 x 28 grey pixels) from "
                  "Debian's package dataset-fashion-mnist; test: its 10,000 test images, balanced",
       .formula = "n_k = most ratio^(-k / 9), rounded down",
       .source = "Xiao, Rasul, Vollgraf 2017; profile as Cao et al. 2019",
       .options = options({.name = "folder",
                           .kind = OptionKind::text,
                           .fallback = std::string(kFashionMnistFolder),
                           .meaning = "where the four IDX files are"},
                          "5000", "500")},
      {.name = "cifar-lt",
       .meaning = "long-tailed CIFAR-10 or CIFAR-100 (task image) from a folder with its binary "
                  "files",
       .formula = "n_k = most ratio^(-k / (C - 1)), rounded down",
       .source = "Krizhevsky 2009; profile as Cao et al. 2019, whose counts these are",
       .options = options({.name = "folder",
                           .kind = OptionKind::text,
                           .fallback = "",
                           .meaning = "with data_batch_1.bin or train.bin"},
                          "all", "0")}};
  return forms;
}

bool is_long_tail(std::string_view data) {
  const std::string_view name = data.substr(0, data.find(':'));
  return std::ranges::any_of(long_tail_forms(),
                             [name](const FormSpec& form) { return form.name == name; });
}

ImageSplits load_long_tail(std::string_view text) {
  const std::string name = parse_text_form(text).name;
  const auto form = std::ranges::find(long_tail_forms(), name, &FormSpec::name);
  if (form == long_tail_forms().end()) {
    std::vector<std::string> known;
    for (const FormSpec& one : long_tail_forms()) known.push_back(one.name);
    fail_unknown_name("data", name, known);
  }
  const Settings settings = read_settings(*form, text);
  const std::string& folder = settings.word("folder");
  if (!std::filesystem::is_directory(folder))
    fail_at(folder, 0, 0,
            name == "fashion-mnist-lt"
                ? "there is no such folder; the Debian package dataset-fashion-mnist brings it "
                  "(apt-get install dataset-fashion-mnist)"
                : "there is no such folder; it must hold the binary files of CIFAR");
  const ImageSplits all = read_image_folder(folder);
  const auto dev = static_cast<std::size_t>(settings.integer("dev"));
  std::size_t most = 0;
  if (settings.is("most", "all")) {
    const std::size_t least = std::ranges::min(class_counts(all.train.labels, all.labels.size()));
    most = least > dev ? least - dev : 0;
  } else {
    most = static_cast<std::size_t>(settings.integer("most"));
  }
  return make_long_tail(all, most, settings.number("ratio"), settings.word("profile"), dev,
                        static_cast<std::uint64_t>(settings.integer("seed")));
}

}  // namespace tailgrad
