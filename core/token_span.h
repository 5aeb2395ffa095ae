// A stretch of tokens with a type, such as a named entity.
#pragma once

#include <compare>

#include <tailgrad/core/shape.h>

namespace tailgrad {

/// Tokens begin … end - 1 of a data set; `type` is a number whose name is kept elsewhere.
struct TokenSpan {
  Index begin = 0;  ///< first token
  Index end = 0;    ///< one past the last token
  Index type = 0;   ///< number of the type
  auto operator<=>(const TokenSpan&) const = default;
};

}  // namespace tailgrad
