// Prints which of its kernels OpenBLAS has chosen.
#include <cstdio>

#include <tailgrad/core/kernels/gemm.h>

int main() {
  std::puts(tailgrad::blas_kernel_name().c_str());
}
