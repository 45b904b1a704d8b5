// OperatorContext: the only access of an operator to its attempt, to artifacts and to shared state.
// Each attempt has its own; one thread uses it.
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

/// An artifact in the store.
struct StoredArtifact {
  std::string digest;
  std::filesystem::path path;
  std::int64_t bytes = 0;
};

/// The error `data_damaged`: the content has the digest `actual`, not that of the artifact.
Error damaged(const StoredArtifact& artifact, std::string_view actual);

/// Files that are stored under the digest of their content. The same content is stored once. An
/// artifact becomes visible to others when a PublishArtifact effect is committed. Thread-safe.
class Artifacts {
 public:
  virtual ~Artifacts() = default;
  /// Moves `file` into the store. REQUIRES: it is on the same file system; create it in the
  /// context's work_dir.
  virtual Result<StoredArtifact> put_file(const std::filesystem::path& file) = 0;
  virtual Result<StoredArtifact> put_text(std::string_view text) = 0;
  /// `not_found` if it does not exist; `invalid_argument` unless `digest` is 64 hex digits.
  virtual Result<StoredArtifact> get(std::string_view digest) const = 0;
  /// The whole content. `data_damaged` if it does not match the digest.
  virtual Result<std::string> read(std::string_view digest, std::size_t max_bytes) const;
};

/// The store as one attempt sees it. It compares each artifact with its digest when the attempt
/// first reads it.
class CheckedArtifacts final : public Artifacts {
 public:
  explicit CheckedArtifacts(Artifacts& store) : store_(store) {}
  Result<StoredArtifact> put_file(const std::filesystem::path& file) override;
  Result<StoredArtifact> put_text(std::string_view text) override;
  /// Also `data_damaged`.
  Result<StoredArtifact> get(std::string_view digest) const override;
  Result<std::string> read(std::string_view digest, std::size_t max_bytes) const override;

 private:
  Artifacts& store_;
  mutable Mutex mutex_;
  mutable std::set<std::string, std::less<>> checked_ GUARDED_BY(mutex_);
};

class KeptProcesses;

class OperatorContext {
 public:
  virtual ~OperatorContext() = default;
  virtual const AttemptInfo& attempt() const = 0;
  virtual Time now() const = 0;
  /// Adds a line to the attempt's log. The log also gets stdout and stderr of the process.
  virtual void log(std::string_view line) = 0;
  /// A new, empty folder. It is removed with its content after the attempt.
  virtual const std::filesystem::path& work_dir() const = 0;
  virtual Artifacts& artifacts() = 0;
  /// Reads the current shared state through the engine. engine/op/query.h lists the queries.
  template <Kinded Q>
  Result<typename Q::Answer> query(const Q& question) {
    MR_TRY(const Json answer, ask(Q::kind, body_json(question)));
    return read_record<typename Q::Answer>(answer);
  }
  /// The same, with the name and the arguments as the engine receives them.
  virtual Result<Json> ask(std::string_view name, const Json& arguments) = 0;
  /// The next attempt finds this text in AttemptInfo::saved_state, unless this one succeeds. It is
  /// recorded in the journal soon, also if this attempt is killed. At most kMaxSavedStateBytes of
  /// UTF-8 without NUL. For operators that run in the engine, this has no effect.
  virtual void save_state(std::string state) { (void)state; }
  /// True once the attempt should stop. Check it in long loops.
  virtual bool cancelled() const = 0;
  /// Calls `action` from another thread as soon as the attempt should stop. If it should stop
  /// already, `on_cancel` calls `action` itself. nullptr removes the action, and waits until a
  /// running call of it has returned. For operators that run in the engine (light operators, which
  /// never wait), this has no effect.
  virtual void on_cancel(std::function<void()> action) { (void)action; }
  /// Processes that later attempts may use again (kept_processes.h); nullptr: none is kept.
  virtual KeptProcesses* kept() { return nullptr; }
};

}  // namespace millrace
