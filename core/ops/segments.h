// The check of segment offsets that all ops on ragged rows share.
#pragma once

#include <span>
#include <string_view>

#include <tailgrad/core/error.h>
#include <tailgrad/core/shape.h>

namespace tailgrad {

/// Throws Error unless x has two axes and the offsets start with 0, never fall and end with the
/// number of its rows.
void check_segments(std::string_view op, const Shape& x, std::span<const Index> offsets,
                    Where where);

}  // namespace tailgrad
