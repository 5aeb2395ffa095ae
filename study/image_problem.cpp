#include <tailgrad/study/image_problem.h>

#include <algorithm>

#include <tailgrad/core/error.h>
#include <tailgrad/core/text_form.h>
#include <tailgrad/data/long_tail.h>
#include <tailgrad/data/split.h>

namespace tailgrad {
namespace {

// Black pixels around and mirror images do no harm where things look the same from left and right;
// digits and letters do not.
bool by_custom(const ImageSplits& splits, const std::string& data) {
  return splits.train.channels == 3 || data.find("fashion") != std::string::npos;
}

Augmentation augmentation(const ProblemOptions& options, const ImageSplits& splits) {
  std::string how = options.augment;
  if (how.empty()) how = by_custom(splits, options.data) ? "crop+flip" : "none";
  if (how != "none" && how != "crop" && how != "flip" && how != "crop+flip")
    fail("--augment", "unknown: '" + how + "'; known: none, crop, flip, crop+flip");
  if (options.crop_pad < 0) fail("--crop-pad", "needs 0 or more");
  return {.pad = how.starts_with("crop") ? options.crop_pad : 0, .flip = how.ends_with("flip")};
}

std::string augmentation_text(const Augmentation& how) {
  std::string text;
  if (how.pad > 0) text = "crops after padding by " + std::to_string(how.pad);
  if (how.flip) text += std::string(text.empty() ? "" : " and ") + "mirror images";
  return "augmentation: " + (text.empty() ? "none" : text) + " (--augment)";
}

}  // namespace

bool means_images(const std::string& data) {
  return is_long_tail(data) || looks_like_images(data);
}

ImageSplits load_image_splits(const ProblemOptions& options) {
  if (!is_long_tail(options.data))
    return load_images({.train = options.data, .dev = options.dev, .test = options.test},
                       options.format, options.seed);
  if (!options.dev.empty() || !options.test.empty())
    fail(options.data, "brings its own development and test images; leave --dev and --test out");
  ImageSplits splits = load_long_tail(options.data);
  if (splits.dev.size() == 0) hold_out_dev(splits, options.seed);
  return splits;
}

Problem load_image_problem(const ProblemOptions& options) {
  ImageSplits splits = load_image_splits(options);
  std::string held_out;
  if (splits.test.size() == 0 && options.test_share > 0) {
    const Split split = stratified_split(splits.train.labels, splits.labels.size(),
                                         options.test_share, options.seed);
    splits.test = select(splits.train, split.held_out);
    splits.train = select(splits.train, split.kept);
    held_out = "no --test: " + std::to_string(splits.test.size()) + " images, " +
               shortest_text(100 * options.test_share) +
               " % of each class of the training data, held out for testing";
  }
  const Augmentation how = augmentation(options, splits);
  Problem problem{.task = options.task,
                  .labels = splits.labels,
                  .encoding = ImageEncoding(splits.train, how),
                  .train = {},
                  .dev = {},
                  .test = {},
                  .notes = std::move(splits.notes)};
  const auto& encoding = std::get<ImageEncoding>(problem.encoding);
  const Index classes = splits.labels.size();
  problem.train = encoding.encode(splits.train, classes);
  problem.dev = encoding.encode(splits.dev, classes);
  if (splits.test.size() > 0) problem.test = encoding.encode(splits.test, classes);
  if (splits.held_out)
    problem.notes.push_back("no --dev: " + std::to_string(problem.dev.size()) +
                            " images, a tenth of the training data, held out for development");
  if (!held_out.empty()) problem.notes.push_back(held_out);
  problem.notes.push_back(augmentation_text(how));
  return problem;
}

}  // namespace tailgrad
