// All ops.
#pragma once

#include <tailgrad/core/ops/activations.h>
#include <tailgrad/core/ops/arithmetic.h>
#include <tailgrad/core/ops/attention.h>
#include <tailgrad/core/ops/batch_norm.h>
#include <tailgrad/core/ops/conv2d.h>
#include <tailgrad/core/ops/crf.h>
#include <tailgrad/core/ops/dropout.h>
#include <tailgrad/core/ops/elementwise.h>
#include <tailgrad/core/ops/image_pooling.h>
#include <tailgrad/core/ops/layer_norm.h>
#include <tailgrad/core/ops/linear.h>
#include <tailgrad/core/ops/lstm.h>
#include <tailgrad/core/ops/matmul.h>
#include <tailgrad/core/ops/normalize_rows.h>
#include <tailgrad/core/ops/reduce.h>
#include <tailgrad/core/ops/rows.h>
#include <tailgrad/core/ops/softmax.h>
