// The scalar type of the build: float in `tailgrad`, double in `tailgrad_f64`.
//
// Everything that depends on Real lives in the inline namespace f32 or f64, so that both builds of
// the same sources can be linked into one program (`tailgrad loss` computes in double while the
// trainers use float). What knows no Real (files, data, metrics, errors) lives directly in
// `tailgrad` and is built once. A file chooses by being compiled with or without TAILGRAD_F64.
#pragma once

#include <cstdint>

#ifdef TAILGRAD_F64
#define TAILGRAD_PRECISION f64
#else
/// The inline namespace of what depends on Real: f32 or f64.
#define TAILGRAD_PRECISION f32
#endif

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
#ifdef TAILGRAD_F64
using Real = double;
#else
/// The scalar type: float, or double when TAILGRAD_F64 is defined.
using Real = float;
#endif
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
