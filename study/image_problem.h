// Images made ready for training.
#pragma once

#include <tailgrad/study/problem.h>

namespace tailgrad {

/// load_problem() of task image: a built-in long-tailed data set (data/long_tail.h), a folder or
/// files (data/images.h). Throws Error as these, and for an unknown augmentation.
Problem load_image_problem(const ProblemOptions& options);

/// The images of the options, before they are encoded: development images are held out where none
/// are given, test images are not. Throws Error as above, and for dev or test beside a data set
/// that brings its own.
ImageSplits load_image_splits(const ProblemOptions& options);

/// Whether DATA can only mean images: a built-in long tail, a folder, an IDX or CIFAR file.
bool means_images(const std::string& data);

}  // namespace tailgrad
