// The message of what a call throws.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include <tailgrad/core/error.h>

namespace tailgrad::test {

/// The message of the E that `call` throws; the test fails when it throws none.
template <class E = Error, class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const E& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

}  // namespace tailgrad::test
