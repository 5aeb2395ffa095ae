// The layers of nn as nodes of an ONNX graph.
//
// Sequences are padded there: x is [sequences, tokens, width]. Ids are -1 where there is no token,
// which a Gather reads as the last row; what comes of it is masked before it can meet a token.
#pragma once

#include <string>

#include <tailgrad/core/ops/linear.h>
#include <tailgrad/models/onnx/graph.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace onnx {

/// A logit that says never: its exponential is 0.
inline constexpr float kNever = -1e30F;

/// x as numbers of another type.
Value cast(Graph& graph, const Value& x, Type type);

/// Whether there is something: [.., true or false] for ids [..].
Value present(Graph& graph, const Value& ids);
/// 1 where `present`, else 0, with one more axis of extent 1: [.., 1], to be multiplied.
Value as_mask(Graph& graph, const Value& present);

/// weight[ids]: [.., width] for ids [..].
Value embedding(Graph& graph, const std::string& layer, const Value& ids);
/// x [.., in] with the weight and, if there is one, the bias of that name: [.., out].
Value linear(Graph& graph, const std::string& layer, const Value& x,
             Activation activation = Activation::none);
/// x [.., width], normalised over the last axis.
Value layer_norm(Graph& graph, const std::string& layer, const Value& x);
/// x / max(|x|, 1e-12) over the last axis.
Value normalize_rows(Graph& graph, const Value& x);

/// The table [longest, width] of SinusoidalPositions.
Value sinusoidal_positions(Graph& graph, Index longest, Index width);
/// x [sequences, tokens, width] plus the first rows of `table` [longest, width].
Value add_positions(Graph& graph, const Value& x, const Value& table);

/// What the weights of an encoder do not say of it. Its activation is gelu.
struct EncoderForm {
  std::int64_t heads = 4;   ///< of attention
  bool norm_first = false;  ///< pre-norm layers
};
/// All layers under `layer` and its last norm, if it has one; present [sequences, tokens].
Value transformer_encoder(Graph& graph, const std::string& layer, const Value& x,
                          const Value& present, const EncoderForm& form);

/// What an LSTM gives.
struct LstmValues {
  Value all;   ///< [sequences, tokens, width] of both directions, side by side
  Value last;  ///< [sequences, width] the state after the last step of each direction
};
/// All layers under `layer`, which must be bidirectional; present [sequences, tokens].
LstmValues bidirectional_lstm(Graph& graph, const std::string& layer, const Value& x,
                              const Value& present);

}  // namespace onnx
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
