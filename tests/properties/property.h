// PROPERTY(Suite, Name) { ... }: a test that runs its body for 100 random cases. Inside,
// `*generator` draws and RC_ASSERT decides; a case that fails is made smaller and printed. The
// cases are the same in every run unless RC_PARAMS says otherwise ("seed=7 max_success=10000").
#pragma once

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace tailgrad::property {

/// Before RapidCheck looks.
inline const bool kFixedSeed = setenv("RC_PARAMS", "seed=20231", 0) == 0;

/// Some of `pieces` behind each other: what is rare in random text is common here.
inline rc::Gen<std::string> text_of(std::vector<std::string> pieces) {
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(pieces)),
                      [](const std::vector<std::string>& chosen) {
                        std::string text;
                        for (const std::string& piece : chosen) text += piece;
                        return text;
                      });
}

/// Any double but NaN, by its bits: denormal, huge and infinite ones as often as others.
inline rc::Gen<double> any_number() {
  return rc::gen::map(rc::gen::arbitrary<std::uint64_t>(), [](std::uint64_t bits) {
    const auto value = std::bit_cast<double>(bits * 0x9e3779b97f4a7c15ULL);
    return value == value ? value : -0.0;
  });
}

/// An index in [low, high).
inline int index(int low, int high) {
  return *rc::gen::inRange(low, high);
}

}  // namespace tailgrad::property

#define PROPERTY(Suite, Name) RC_GTEST_PROP(Suite, Name, ())
