#include <tailgrad/core/tape.h>

#include <algorithm>
#include <cmath>
#include <string>

#include <tailgrad/core/pool.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

thread_local constinit Tape* current_tape = nullptr;

[[gnu::cold, gnu::noinline]] Tape& first_use() {
  Pool::current();  // made first, so destroyed after the tape that gives memory back to it
  thread_local Tape tape;
  current_tape = &tape;
  return tape;
}

// Position of the first NaN or infinity, or the size when there is none.
std::size_t first_bad(std::span<const Real> values) {
  return static_cast<std::size_t>(
      std::ranges::find_if(values, [](Real v) { return !std::isfinite(v); }) - values.begin());
}

std::string position(std::size_t element, const Shape& shape) {
  const auto cols = static_cast<std::size_t>(std::max(shape.cols(), 1));
  return "row " + std::to_string(element / cols) + ", column " + std::to_string(element % cols);
}

std::string describe(const Tensor& input, std::size_t number) {
  const std::size_t bad = first_bad(input.values());
  std::string text = "input " + std::to_string(number) + " " + input.shape().text();
  if (bad < input.size()) return text + " already bad at " + position(bad, input.shape());
  if (input.size() == 0) return text;
  const auto [low, high] = std::ranges::minmax(input.values());
  return text + " in [" + std::to_string(low) + ", " + std::to_string(high) + "]";
}

[[noreturn]] void report(const char* op, const char* what, const std::string& where,
                         std::span<const Tensor* const> inputs) {
  std::string text = std::string(op) + ": the first NaN or infinity of the " + what + ", at " +
                     where + "; inputs: ";
  std::size_t number = 0;
  for (const Tensor* input : inputs) {
    if (number > 0) text += ", ";
    text += input->defined() ? describe(*input, number) : "none";
    ++number;
  }
  throw Error(text);
}

}  // namespace

Tape& Tape::current() {
  return current_tape != nullptr ? *current_tape : first_use();
}

Tape::~Tape() {
  clear();
  if (current_tape == this) current_tape = nullptr;
  for (std::byte* chunk : chunks_) ::operator delete (chunk, std::align_val_t{kAlignment});
}

void* Tape::bump_new_chunk(std::size_t bytes) {
  ensure(bytes <= kChunkBytes, "a closure larger than a chunk of the tape");
  if (chunk_ == chunks_.size())
    chunks_.push_back(
        static_cast<std::byte*>(::operator new (kChunkBytes, std::align_val_t{kAlignment})));
  std::byte* start = chunks_[chunk_++];
  next_ = start + bytes;
  left_ = kChunkBytes - bytes;
  return start;
}

void Tape::append(Node* node, std::initializer_list<const Tensor*> inputs) {
  node->out.mark_requires_grad();
  node->previous = std::exchange(last_, node);
  ++size_;
  if (!find_nans_) return;
  node->watched = new std::vector<Tensor>;
  for (const Tensor* input : inputs) node->watched->push_back(*input);
}

void Tape::clear() noexcept {
  while (last_ != nullptr) {
    Node* node = std::exchange(last_, last_->previous);
    delete node->watched;
    node->destroy(node);
  }
  size_ = 0;
  chunk_ = 0;
  left_ = 0;
}

void Tape::backward(const Tensor& loss, Where where) {
  if (!loss.defined() || loss.size() != 1)
    fail("backward", "needs a loss of one element; reduce it with sum() or mean()",
         {{"loss", loss.defined() ? loss.shape() : Shape{0}}}, where);
  backward(loss, Tensor::full(loss.shape(), 1), where);
}

void Tape::backward(const Tensor& out, const Tensor& upstream, Where where) {
  if (out.shape() != upstream.shape())
    fail("backward", "the upstream gradient must have the shape of the output",
         {{"output", out.shape()}, {"upstream", upstream.shape()}}, where);
  if (!out.requires_grad())
    fail("backward", "the output depends on no tensor that wants a gradient",
         {{"output", out.shape()}}, where);
  const GradientTarget target = out.gradient_target();
  for (std::size_t i = 0; i < out.size(); ++i)
    target.data[i] = (target.fresh ? 0 : target.data[i]) + upstream.data()[i];
  run_backward();
}

void Tape::run_backward() {
  // Each node is destroyed as soon as it has run: its activations go back to the pool early and
  // the next gradients are written to memory that is still in the cache.
  struct Cleanup {
    Tape& tape;
    ~Cleanup() { tape.clear(); }
  } cleanup{*this};
  while (last_ != nullptr) {
    Node* node = last_;
    if (node->out.has_grad()) {
      node->run(node);
      if (node->watched != nullptr) check_gradients(*node);
    }
    last_ = node->previous;
    delete node->watched;
    node->destroy(node);
  }
}

void Tape::check_values(const char* op, const Tensor& out,
                        std::initializer_list<const Tensor*> inputs) {
  const std::size_t bad = first_bad(out.values());
  if (bad == out.size()) return;
  report(op, "values", position(bad, out.shape()), {inputs.begin(), inputs.size()});
}

void Tape::check_gradients(const Node& node) {
  std::vector<const Tensor*> inputs;
  for (const Tensor& input : *node.watched) inputs.push_back(&input);
  for (const Tensor& input : *node.watched) {
    if (!input.defined() || !input.requires_grad() || !input.has_grad()) continue;
    const std::size_t bad = first_bad(input.grad());
    if (bad < input.size()) report(node.op, "gradients", position(bad, input.shape()), inputs);
  }
}

TapeScope::TapeScope(Tape& tape) : before_(&Tape::current()) {
  current_tape = &tape;
}
TapeScope::~TapeScope() {
  current_tape = before_;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
