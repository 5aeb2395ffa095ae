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

/// How long a claim lives without a sign of its worker.
struct ClaimOptions {
  double renew_seconds = 5;  ///< between two signs of life of our claims
  /// Of silence, after which a claim counts as dead, whoever has it. That of a process of this
  /// machine that ended counts as dead at once.
  double stale_seconds = 60;
};

/// The claims of one process, renewed by a thread of its own. Any number of threads may call it.
class Claims {
 public:
  /// Holds nothing; starts the thread.
  explicit Claims(ClaimOptions options = {});
  /// Gives back what is still held.
  ~Claims();
  Claims(const Claims&) = delete;
  Claims& operator=(const Claims&) = delete;

  /// True: the file is ours until release(). False: a living worker has it (also when we have it
  /// already). Throws Error when the folder cannot be written.
  bool take(const std::string& path);
  /// Removes the file of a claim that we hold; does nothing when we do not.
  void release(const std::string& path);

  /// Whose turn it is with a piece of work.
  enum class Turn {
    ours,    ///< the claim was taken: ours until release()
    others,  ///< a living worker has it
    done     ///< nobody's: it is done
  };
  /// Takes the claim of a piece of work that is not done. `done` is asked again under the claim:
  /// another worker may have finished in between. Throws Error as take().
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
  /// `path` as it was taken from `claims`, which must outlive this.
  HeldClaim(Claims& claims, std::string path) : claims_(claims), path_(std::move(path)) {}
  ~HeldClaim() { claims_.release(path_); }
  HeldClaim(const HeldClaim&) = delete;
  HeldClaim& operator=(const HeldClaim&) = delete;

 private:
  Claims& claims_;
  std::string path_;
};

}  // namespace tailgrad
