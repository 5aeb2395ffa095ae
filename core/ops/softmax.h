// Softmax and its logarithm over the last axis. Any rank: the last axis makes the classes.
#pragma once

#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// e^x_j / sum_k e^x_k, computed from x minus the row's maximum: no overflow. A row of nothing but
/// -infinity, or one that holds a NaN or +infinity, gives NaN. out has the shape of x.
/// Gradient: out_j (g_j - sum_k g_k out_k). Saves the handle of out.
Tensor softmax(const Tensor& x);

/// x_j - logsumexp(x): the logarithm of softmax without its underflow. out has the shape of x.
/// Gradient: g_j - e^out_j sum_k g_k. Saves the handle of out.
Tensor log_softmax(const Tensor& x);

/// log sum_j e^x_j without overflow: x [.., n] to [.., 1]. A row of nothing but -infinity, or
/// without elements, gives -infinity and passes no gradient on.
/// Gradient: g e^(x_j - out), the softmax. Saves the handles of x and out.
Tensor logsumexp(const Tensor& x);

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
