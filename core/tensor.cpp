#include <tailgrad/core/real.h>
