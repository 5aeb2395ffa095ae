#include <tailgrad/tailgrad.h>

#include <cstdio>

int main() {
  std::printf("%s\n", tailgrad::kVersion);
}
