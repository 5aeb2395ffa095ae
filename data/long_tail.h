// Balanced image data made long-tailed: what the experiments on CIFAR-LT do, for any images.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tailgrad/core/form_spec.h>
#include <tailgrad/data/images.h>

namespace tailgrad {

/// Where Debian's package dataset-fashion-mnist puts its files.
inline constexpr std::string_view kFashionMnistFolder = "/usr/share/datasets/fashion-mnist";

/// Training items of each of `classes` classes, rounded down (Cao et al. 2019, section 4; as their
/// code counts):
///   exp    n_k = most ratio^(-k / (classes - 1))
///   step   n_k = most for the first half of the classes, most / ratio for the others
/// Throws Error for ratio < 1, and naming the class that would get none.
std::vector<std::size_t> long_tail_counts(std::size_t most, std::size_t classes, double ratio,
                                          std::string_view profile);

/// The training images of `all` thinned out: of each class, in an order that the seed says, the
/// first n_k images train and the next `dev` ones, which no training item uses, are development
/// data, as balanced as the test set, which stays as it is. Throws Error as long_tail_counts, and
/// naming the class that has too few images.
ImageSplits make_long_tail(const ImageSplits& all, std::size_t most, double ratio,
                           std::string_view profile, std::size_t dev, std::uint64_t seed);

/// "fashion-mnist-lt" and "cifar-lt", for `tailgrad list data`.
const std::vector<FormSpec>& long_tail_forms();
/// Whether a DATA argument names one of them.
bool is_long_tail(std::string_view data);
/// The data a form describes, such as "fashion-mnist-lt:ratio=100,profile=exp,seed=1". Throws Error
/// as read_settings, make_long_tail and the readers; without the files it names the package.
ImageSplits load_long_tail(std::string_view form);

}  // namespace tailgrad
