// message_of(call): the text of the Error that a call throws, "(no Error)" when it throws none.
#pragma once

#include <string>

#include <tailgrad/core/error.h>

namespace tailgrad::test {

template <class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "(no Error)";
}

}  // namespace tailgrad::test
