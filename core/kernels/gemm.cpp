#include <tailgrad/core/kernels/gemm.h>

#include <cblas.h>

#include <algorithm>

#include <tailgrad/core/parallel.h>

namespace tailgrad {
namespace {

// OpenBLAS gives other bits for other thread counts: it gets one thread, for good.
bool one_blas_thread() {
  openblas_set_num_threads(1);
  return true;
}

const Real* at(const kernels::Matrix& matrix, Index row, Index col) {
  const auto stride = static_cast<std::size_t>(matrix.stride);
  const auto r = static_cast<std::size_t>(matrix.transposed ? col : row);
  const auto c = static_cast<std::size_t>(matrix.transposed ? row : col);
  return matrix.data + r * stride + c;
}

CBLAS_TRANSPOSE flag(const kernels::Matrix& matrix) {
  return matrix.transposed ? CblasTrans : CblasNoTrans;
}

// One call of the library, chosen by the precision.
[[maybe_unused]] void blas_gemm(Index m, Index n, Index k, float alpha, const float* a,
                                const kernels::Matrix& as, const float* b,
                                const kernels::Matrix& bs, float beta, float* c, Index c_stride) {
  cblas_sgemm(CblasRowMajor, flag(as), flag(bs), m, n, k, alpha, a, as.stride, b, bs.stride, beta,
              c, c_stride);
}
[[maybe_unused]] void blas_gemm(Index m, Index n, Index k, double alpha, const double* a,
                                const kernels::Matrix& as, const double* b,
                                const kernels::Matrix& bs, double beta, double* c, Index c_stride) {
  cblas_dgemm(CblasRowMajor, flag(as), flag(bs), m, n, k, alpha, a, as.stride, b, bs.stride, beta,
              c, c_stride);
}

constexpr Index kBlockRows = 256;
constexpr Index kBlockCols = 384;
// Below this many multiplications a product is one block: cutting costs more than it brings.
constexpr double kSmallProduct = 1 << 21;

}  // namespace

#ifndef TAILGRAD_F64
std::string blas_kernel_name() {
  return openblas_get_corename();
}
#endif

inline namespace TAILGRAD_PRECISION {
namespace kernels {

void gemm(Index m, Index n, Index k, Real alpha, Matrix a, Matrix b, Real beta, Real* c,
          Index c_stride) {
  static const bool ready = one_blas_thread();
  (void)ready;
  if (m == 0 || n == 0) return;
  const bool small = static_cast<double>(m) * n * k <= kSmallProduct;
  const Index block_rows = small ? m : kBlockRows;
  const Index block_cols = small ? n : kBlockCols;
  const Index grid_rows = (m + block_rows - 1) / block_rows;
  const Index grid_cols = (n + block_cols - 1) / block_cols;
  parallel_for(static_cast<std::size_t>(grid_rows) * static_cast<std::size_t>(grid_cols), 1,
               [&](std::size_t begin, std::size_t end) {
                 for (std::size_t block = begin; block < end; ++block) {
                   const Index row = static_cast<Index>(block) / grid_cols * block_rows;
                   const Index col = static_cast<Index>(block) % grid_cols * block_cols;
                   blas_gemm(
                       std::min(block_rows, m - row), std::min(block_cols, n - col), k, alpha,
                       at(a, row, 0), a, at(b, 0, col), b, beta,
                       c + static_cast<std::size_t>(row) * static_cast<std::size_t>(c_stride) + col,
                       c_stride);
                 }
               });
}

}  // namespace kernels
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
