#include <tailgrad/core/ops/segments.h>

#include <string>

namespace tailgrad {

void check_segments(std::string_view op, const Shape& x, std::span<const Index> offsets,
                    Where where) {
  if (x.rank() != 2) fail(op, "needs x [rows, n]", {{"x", x}}, where);
  if (offsets.empty())
    fail(op, "needs offsets, one more than there are segments; got none", {{"x", x}}, where);
  if (offsets.front() != 0)
    fail(op, "the offsets must start with 0, not " + std::to_string(offsets.front()), {{"x", x}},
         where);
  for (std::size_t i = 1; i < offsets.size(); ++i)
    if (offsets[i] < offsets[i - 1])
      fail(op,
           "the offsets must not fall: offset " + std::to_string(i) + " is " +
               std::to_string(offsets[i]) + " after " + std::to_string(offsets[i - 1]),
           {{"x", x}}, where);
  if (offsets.back() != x[0])
    fail(op,
         "the last offset must be the number of rows " + std::to_string(x[0]) + ", not " +
             std::to_string(offsets.back()),
         {{"x", x}}, where);
}

}  // namespace tailgrad
