// Who works on which cell, on a file system that several processes and machines share.
//
// A claim is a file that only one worker can create (O_EXCL) and whose time of change it renews
// every few seconds. A claim whose worker is known to be dead (same machine, no such process) or
// that was not renewed for a while is taken over. At worst two workers compute the same cell, to
// the same bits, and the second result replaces the first: a result is never lost or mixed.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>

namespace tailgrad {

struct ClaimOptions {
  double renew_seconds = 5;
  /// Of silence, after which the claim of a worker on another machine counts as dead.
  double stale_seconds = 60;
};

class Claims {
 public:
  explicit Claims(ClaimOptions options = {});
  /// Gives back what is still held.
  ~Claims();
  Claims(const Claims&) = delete;
  Claims& operator=(const Claims&) = delete;

  /// True: the file is ours until release(). False: a living worker has it (also when we have it
  /// already). Throws Error when the folder cannot be written.
  bool take(const std::string& path);
  void release(const std::string& path);

  /// Whose turn it is with a piece of work: nobody's when it is done, ours when the claim could be
  /// taken (until release()), else that of the worker who has it. `done` is asked again under the
  /// claim: another worker may have finished in between. Throws Error as take().
  enum class Turn { ours, others, done };
  Turn turn(const std::string& path, const std::function<bool()>& done);

 private:
  bool create(const std::string& path);
  void renew();

  ClaimOptions options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::set<std::string> held_;
  bool ending_ = false;
  std::thread heart_;  // last: it uses all of the above
};

/// A claim that was taken, released when this ends.
class HeldClaim {
 public:
  HeldClaim(Claims& claims, std::string path) : claims_(claims), path_(std::move(path)) {}
  ~HeldClaim() { claims_.release(path_); }
  HeldClaim(const HeldClaim&) = delete;
  HeldClaim& operator=(const HeldClaim&) = delete;

 private:
  Claims& claims_;
  std::string path_;
};

}  // namespace tailgrad
