// The tape: what was computed, in order, so that gradients can be computed in the reverse order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// One linear list of ops a thread. The order of creation is a topological order, so the backward
/// pass is a loop from the last op to the first: no search, no recursion, and gradients add up in
/// the same order every time.
///
/// Ownership runs one way: tape, then closure, then tensor, then memory. A tensor knows nothing of
/// the tape, so no cycle can form.
class Tape {
 public:
  /// The tape of the running thread, or the one that TapeScope put in its place.
  static Tape& current();

  Tape() = default;
  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  /// Ends an op: remembers how the gradient of `out` becomes gradients of `inputs`.
  ///
  /// `backward` is called without arguments, once, if a gradient reached `out`. It adds to the
  /// gradients of the inputs that want one, and holds (by copies of the handles) only what it
  /// needs. Nothing is recorded under NoGrad or when no input wants a gradient.
  template <class Backward>
  void record(const char* op, const Tensor& out, std::initializer_list<const Tensor*> inputs,
              Backward backward) {
    if (find_nans_) check_values(op, out, inputs);
    if (!enabled_ || !any_requires_grad(inputs)) return;
    static_assert(alignof(ClosureNode<Backward>) <= kAlignment);
    void* memory = bump(sizeof(ClosureNode<Backward>));
    append(new (memory) ClosureNode<Backward>(op, out, std::move(backward)), inputs);
  }

  /// Adds d(loss)/d(tensor) to the gradient of every tensor that wants one, and empties the tape.
  /// Throws Error when `loss` has more than one element or depends on nothing that wants a
  /// gradient.
  void backward(const Tensor& loss, Where where = {});
  /// The same from d(loss)/d(out) = `upstream`, for an `out` of any shape.
  void backward(const Tensor& out, const Tensor& upstream, Where where = {});

  /// Forgets all ops without running them.
  void clear() noexcept;
  std::size_t size() const { return size_; }  ///< ops recorded and not yet run backwards
  bool enabled() const { return enabled_; }   ///< false under NoGrad

 private:
  friend class NoGrad;
  friend class NanFinder;
  static constexpr std::size_t kAlignment = 16;
  static constexpr std::size_t kChunkBytes = std::size_t{1} << 16;

  struct Node {
    Node(const char* op_, const Tensor& out_, void (*run_)(Node*), void (*destroy_)(Node*))
        : run(run_), destroy(destroy_), op(op_), out(out_) {}
    void (*run)(Node*);
    void (*destroy)(Node*);
    Node* previous = nullptr;
    const char* op;
    Tensor out;
    std::vector<Tensor>* watched = nullptr;  ///< the inputs, when NaNs are looked for
  };

  template <class Backward>
  struct ClosureNode : Node {
    ClosureNode(const char* op_, const Tensor& out_, Backward&& backward)
        : Node(op_, out_, run_closure, destroy_closure), closure(std::move(backward)) {}
    static void run_closure(Node* node) { static_cast<ClosureNode*>(node)->closure(); }
    static void destroy_closure(Node* node) { static_cast<ClosureNode*>(node)->~ClosureNode(); }
    Backward closure;
  };

  static bool any_requires_grad(std::initializer_list<const Tensor*> inputs) {
    for (const Tensor* input : inputs)
      if (input->defined() && input->requires_grad()) return true;
    return false;
  }
  void* bump(std::size_t bytes) {
    bytes = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    if (bytes > left_) return bump_new_chunk(bytes);
    void* memory = next_;
    next_ += bytes;
    left_ -= bytes;
    return memory;
  }
  void* bump_new_chunk(std::size_t bytes);
  void append(Node* node, std::initializer_list<const Tensor*> inputs);
  void run_backward();
  static void check_values(const char* op, const Tensor& out,
                           std::initializer_list<const Tensor*> inputs);
  static void check_gradients(const Node& node);

  Node* last_ = nullptr;
  std::size_t size_ = 0;
  bool enabled_ = true;
  bool find_nans_ = false;
  std::byte* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t chunk_ = 0;  ///< chunks_[0 .. chunk_) are in use
  std::vector<std::byte*> chunks_;
};

/// While it lives, the running thread records on `tape`.
class TapeScope {
 public:
  /// The tape must outlive this object.
  explicit TapeScope(Tape& tape);
  ~TapeScope();
  TapeScope(const TapeScope&) = delete;
  TapeScope& operator=(const TapeScope&) = delete;

 private:
  Tape* before_;
};

/// While it lives, the running thread records nothing: for evaluation.
class NoGrad {
 public:
  NoGrad() : tape_(Tape::current()), before_(std::exchange(tape_.enabled_, false)) {}
  ~NoGrad() { tape_.enabled_ = before_; }
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  Tape& tape_;
  bool before_;
};

/// While it lives, the first op of the running thread whose values or gradients hold a NaN or an
/// infinity throws an Error that names the op, its inputs and their shapes. Costs a pass over every
/// result: for finding a fault, not for training.
class NanFinder {
 public:
  NanFinder() : tape_(Tape::current()), before_(std::exchange(tape_.find_nans_, true)) {}
  ~NanFinder() { tape_.find_nans_ = before_; }
  NanFinder(const NanFinder&) = delete;
  NanFinder& operator=(const NanFinder&) = delete;

 private:
  Tape& tape_;
  bool before_;
};

/// Tape::current().backward(loss).
inline void backward(const Tensor& loss, Where where = {}) {
  Tape::current().backward(loss, where);
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
