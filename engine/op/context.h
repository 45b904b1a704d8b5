// OperatorContext: all that an operator may know or touch. One for each attempt, used by one
// thread.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "engine/base/json.h"
#include "engine/base/mutex.h"
#include "engine/base/record_json.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/core/attempt.h"

namespace millrace {

/// What an operator knows of a stored artifact.
struct StoredArtifact {
  std::string digest;
  std::filesystem::path path;
  std::int64_t bytes = 0;
};

/// Its bytes have the digest `actual` instead of its own.
Error damaged(const StoredArtifact& artifact, std::string_view actual);

/// Content-addressed files. Putting the same content twice is one artifact. Nothing is visible to
/// others until a PublishArtifact effect is committed. Thread-safe.
class Artifacts {
 public:
  virtual ~Artifacts() = default;
  /// Moves `file` into the store (it must be on the same file system: make it in the context's
  /// work_dir).
  virtual Result<StoredArtifact> put_file(const std::filesystem::path& file) = 0;
  virtual Result<StoredArtifact> put_text(std::string_view text) = 0;
  /// not_found if there is none; invalid_argument unless `digest` is 64 hex digits.
  virtual Result<StoredArtifact> get(std::string_view digest) const = 0;
  /// All of its bytes. `data_damaged` if they are not what the digest says.
  virtual Result<std::string> read(std::string_view digest, std::size_t max_bytes) const;
};

/// The store as one attempt sees it: what the attempt reads is compared with its digest, once.
class CheckedArtifacts final : public Artifacts {
 public:
  explicit CheckedArtifacts(Artifacts& store) : store_(store) {}
  Result<StoredArtifact> put_file(const std::filesystem::path& file) override;
  Result<StoredArtifact> put_text(std::string_view text) override;
  /// `data_damaged` as well.
  Result<StoredArtifact> get(std::string_view digest) const override;
  Result<std::string> read(std::string_view digest, std::size_t max_bytes) const override;

 private:
  Artifacts& store_;
  mutable Mutex mutex_;
  mutable std::set<std::string, std::less<>> checked_ GUARDED_BY(mutex_);
};

class OperatorContext {
 public:
  virtual ~OperatorContext() = default;
  virtual const AttemptInfo& attempt() const = 0;
  virtual Time now() const = 0;
  /// A line in the attempt's log. stdout and stderr of the process go there as well.
  virtual void log(std::string_view line) = 0;
  /// A new, empty folder; it is removed after the attempt with what is in it.
  virtual const std::filesystem::path& work_dir() const = 0;
  virtual Artifacts& artifacts() = 0;
  /// Reads shared state, as of now, through the engine. The queries: engine/op/query.h.
  template <Kinded Q>
  Result<typename Q::Answer> query(const Q& question) {
    MR_TRY(const Json answer, ask(Q::kind, body_json(question)));
    return read_record<typename Q::Answer>(answer);
  }
  /// The same by name, as it goes to the engine.
  virtual Result<Json> ask(std::string_view name, const Json& arguments) = 0;
  /// True once the attempt should stop; long loops look at it.
  virtual bool cancelled() const = 0;
  /// Calls `action` as soon as the attempt should stop, from another thread, or at once if it
  /// should already. nullptr ends that, and waits for a call under way. Light operators, which do
  /// not wait for anything, are not called.
  virtual void on_cancel(std::function<void()> action) { (void)action; }
};

}  // namespace millrace
