#include <tailgrad/core/kernels/gemm.h>

#include <cblas.h>

#include <algorithm>

#include <tailgrad/core/kernels/packed_product.h>
#include <tailgrad/core/kernels/register_vector.h>
#include <tailgrad/core/kernels/scratch.h>
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
constexpr Index kBlockUnit = 16;  // blocks are whole tiles of the library's inner kernel
// Below this many multiplications a product is one block: cutting costs more than it brings.
constexpr double kSmallProduct = 1 << 21;

// The side of blocks of nearly equal size, at most `largest`, that cover `extent`.
Index block_side(Index extent, Index largest) {
  const Index blocks = (extent + largest - 1) / largest;
  const Index side = (extent + blocks - 1) / blocks;
  return (side + kBlockUnit - 1) / kBlockUnit * kBlockUnit;
}

}  // namespace

#ifndef TAILGRAD_F64
std::string blas_kernel_name() {
  return openblas_get_corename();
}
#endif

inline namespace TAILGRAD_PRECISION {
namespace kernels {

namespace {

struct Product {
  Index m, n, k;
  Real alpha;
  Matrix a, b;
  Real beta;
  Real* c;
  Index c_stride;
};

// OpenBLAS 0.3.21 has an AVX-512 kernel for small products of two untransposed float matrices that
// asks malloc for a buffer in every call when the last 1 to 8 columns do not fill a vector.
bool blas_would_allocate(const Product& p, Index rows, Index cols) {
  constexpr double kSmallToBlas = 1e6;
  return sizeof(Real) == 4 && !p.a.transposed && !p.b.transposed && p.k > 16 && cols % 16 >= 1 &&
         cols % 16 <= 8 && static_cast<double>(rows) * cols * p.k <= kSmallToBlas;
}

// Are our own tiles the faster ones? With AVX-512 they take a tenth less time than OpenBLAS's
// kernels as long as most lanes of the vectors are in use. Elsewhere for x weight^T with few rows
// of x, as for a single sentence: they do not repay how OpenBLAS lays the weights out before it
// multiplies, unless a panel of them outgrows the nearer caches. Weights that are small OpenBLAS
// takes as they lie.
bool own_tiles_win(const Product& p) {
  if constexpr (kManyRegisters) {
    const auto n = static_cast<std::size_t>(p.n);
    return 4 * n >= 3 * kWidth * vectors_of(n);
  } else {
    constexpr Index kRows = 64, kMostSteps = 1024, kWeights = 8192;
    return !p.a.transposed && p.b.transposed && p.m <= kRows && p.k <= kMostSteps &&
           static_cast<double>(p.n) * p.k >= kWeights;
  }
}

void one_block(const Product& p, Index row, Index rows, Index col, Index cols) {
  Real* c = p.c + static_cast<std::size_t>(row) * static_cast<std::size_t>(p.c_stride) + col;
  const Real* b = at(p.b, 0, col);
  if (own_tiles_win(p))
    return small_product(
        static_cast<std::size_t>(rows), static_cast<std::size_t>(cols),
        static_cast<std::size_t>(p.k), p.alpha, {at(p.a, row, 0), p.a.stride, p.a.transposed},
        {b, p.b.stride, p.b.transposed}, p.beta, c, static_cast<std::size_t>(p.c_stride));
  if (!blas_would_allocate(p, rows, cols))
    return blas_gemm(rows, cols, p.k, p.alpha, at(p.a, row, 0), p.a, b, p.b, p.beta, c, p.c_stride);
  const auto k = static_cast<std::size_t>(p.k);
  const Scratch<Real> transposed(k * static_cast<std::size_t>(cols));
  for (std::size_t j = 0; j < static_cast<std::size_t>(cols); ++j)
    for (std::size_t l = 0; l < k; ++l)
      transposed[j * k + l] = b[l * static_cast<std::size_t>(p.b.stride) + j];
  blas_gemm(rows, cols, p.k, p.alpha, at(p.a, row, 0), p.a, transposed.data(),
            {transposed.data(), p.k, true}, p.beta, c, p.c_stride);
}

template <class Finish>
void run(const Product& p, Finish finish) {
  static const bool ready = one_blas_thread();
  (void)ready;
  if (p.m == 0 || p.n == 0) return;
  if (p.k == 0) {  // an empty sum; the library wants strides of at least 1
    for (Index row = 0; row < p.m; ++row) {
      Real* c = p.c + static_cast<std::size_t>(row) * static_cast<std::size_t>(p.c_stride);
      for (Index col = 0; col < p.n; ++col) c[col] = p.beta == 0 ? 0 : p.beta * c[col];
    }
    return finish(0, p.m, 0, p.n);
  }
  if (static_cast<double>(p.m) * p.n * p.k <= kSmallProduct) {
    one_block(p, 0, p.m, 0, p.n);
    return finish(0, p.m, 0, p.n);
  }
  const Index block_rows = block_side(p.m, kBlockRows);
  const Index block_cols = block_side(p.n, kBlockCols);
  const Index grid_rows = (p.m + block_rows - 1) / block_rows;
  const Index grid_cols = (p.n + block_cols - 1) / block_cols;
  parallel_for(static_cast<std::size_t>(grid_rows) * static_cast<std::size_t>(grid_cols), 1,
               [&](std::size_t begin, std::size_t end) {
                 for (std::size_t block = begin; block < end; ++block) {
                   const Index row = static_cast<Index>(block) / grid_cols * block_rows;
                   const Index col = static_cast<Index>(block) % grid_cols * block_cols;
                   const Index rows = std::min(block_rows, p.m - row);
                   const Index cols = std::min(block_cols, p.n - col);
                   one_block(p, row, rows, col, cols);
                   finish(row, rows, col, cols);
                 }
               });
}

}  // namespace

void gemm(Index m, Index n, Index k, Real alpha, Matrix a, Matrix b, Real beta, Real* c,
          Index c_stride) {
  run({m, n, k, alpha, a, b, beta, c, c_stride}, [](Index, Index, Index, Index) {});
}

void gemm(Index m, Index n, Index k, Real alpha, Matrix a, Matrix b, Real beta, Real* c,
          Index c_stride, FinishBlock finish) {
  run({m, n, k, alpha, a, b, beta, c, c_stride}, finish);
}

void gemm_packed(Index m, Index n, Index k, const Real* a, Index a_stride, const Real* packed,
                 Real* c, Index c_stride, FinishBlock finish) {
  constexpr std::size_t kRows = 96;
  const bool small = static_cast<double>(m) * n * k <= kSmallProduct;
  const auto rows = static_cast<std::size_t>(m);
  parallel_for(rows, small ? std::max<std::size_t>(rows, 1) : kRows,
               [&](std::size_t begin, std::size_t end) {
                 const Real* from[kRows];
                 Real* to[kRows];
                 for (std::size_t first = begin; first < end; first += kRows) {
                   const std::size_t count = std::min(kRows, end - first);
                   for (std::size_t r = 0; r < count; ++r) {
                     from[r] = a + (first + r) * static_cast<std::size_t>(a_stride);
                     to[r] = c + (first + r) * static_cast<std::size_t>(c_stride);
                   }
                   packed_product(count, static_cast<std::size_t>(k), static_cast<std::size_t>(n),
                                  from, packed, to, false);
                   finish(static_cast<Index>(first), static_cast<Index>(count), 0, n);
                 }
               });
}

}  // namespace kernels
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
