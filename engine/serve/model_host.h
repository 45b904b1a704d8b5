// ModelHost: which version of which model answers now.
//
// Requests read an immutable snapshot; a change of deployments builds the next one beside it, with
// every model loaded, and swaps. So no request waits for a load or sees half a change, and one that
// has begun ends with the models it began with. A thread of its own follows the store: at once when
// the store calls back, and by a slow scan. While the store or an artifact is away, what was loaded
// goes on answering:
//
//  - the new champion cannot be loaded: the old one stays, or the last known good one answers.
//  - the candidate cannot be loaded: it gets no traffic.
//
// What cannot be loaded is tried again with each scan, but ever more seldom: an artifact is named
// by its content, which does not become better. A change of the deployment tries at once.
//
// trip() takes a candidate's traffic away in memory, at once, and keeps it away until the store
// shows that this canary is over.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/base/service.h"
#include "engine/ml/model.h"
#include "engine/serve/circuit_breaker.h"
#include "engine/store/store.h"

namespace millrace::serve {

/// One loaded version. Immutable.
struct ServedModel {
  ModelKey key;
  std::string model;  // what requests call it: key.text()
  std::string artifact;
  int version = 0;  // 0: the registry does not know the artifact
  ml::Model predictor;
};
using ServedModelPtr = std::shared_ptr<const ServedModel>;

/// What answers for one model. Immutable, but for the breaker's counts.
struct Route {
  std::string model;                        // what requests call it: row.key().text()
  DeploymentRow row;                        // as the store has it
  ServedModelPtr champion;                  // null before the first promotion
  ServedModelPtr candidate;                 // null when there is none, or it could not be loaded
  std::vector<ServedModelPtr> others;       // last known good, and versions that clients asked for
  std::vector<int> versions;                // all that are registered, ascending
  double share = 0;                         // 0 … 1 of the traffic for the candidate
  bool tripped = false;                     // the breaker took it away
  std::string seed;                         // of the split: a new canary draws new entities
  std::shared_ptr<CircuitBreaker> breaker;  // of the candidate; null without one
  std::string problem;                      // why it differs from the row; "" when it does not

  /// Null unless that version is loaded.
  ServedModelPtr version(int number) const;
  /// "candidate", "baseline" (the champion during a canary) or "champion".
  std::string_view role(const ServedModel& served) const;
};

struct Snapshot {
  std::map<std::string, std::shared_ptr<const Route>, std::less<>> routes;
  std::map<std::string, std::string, std::less<>> failed;  // model → why nothing can answer for it
  bool loaded = false;                                     // the store was read at least once
};

/// The text of a model artifact, by digest.
using LoadModel = std::function<Result<std::string>(std::string_view digest)>;

class ModelHost {
 public:
  /// The stores must outlive this object.
  ModelHost(ServingStore& serving, Registry& registry, LoadModel load, BreakerConfig breaker,
            std::chrono::milliseconds scan);
  ~ModelHost();

  void start();
  void stop();

  std::shared_ptr<const Snapshot> snapshot() const;
  /// Takes all traffic from that candidate, at once. False if it had none (any more).
  bool trip(std::string_view model, std::string_view artifact);
  /// Asks for a version that is not routed; it is loaded soon, in the background.
  void want_version(std::string_view model, int version);
  /// Until the snapshot satisfies `done`; false when the time is over first.
  bool wait(const std::function<bool(const Snapshot&)>& done, std::chrono::milliseconds timeout);

  std::int64_t load_failures() const;
  std::int64_t refresh_failures() const;

 private:
  struct Trip {
    std::string artifact;
    std::int64_t revision = 0;
  };
  /// Of an artifact that could not be loaded.
  struct FailedLoad {
    Error error;
    int pause = 0;  // scans to let pass after the last try
    int left = 0;   // of them
  };

  using Wanted = std::map<std::string, std::vector<int>, std::less<>>;

  void follow();
  bool refresh();
  Wanted take_wanted();
  std::shared_ptr<const Route> route_for(const DeploymentRow& row, const Route* old,
                                         std::string& failure);
  /// `version`: the number that it was deployed under; 0: the newest with that artifact.
  Result<ServedModelPtr> load(const ModelKey& model, const std::string& artifact, int version,
                              const Route* old);
  Result<ServedModelPtr> read_model(const ModelKey& model, const std::string& artifact,
                                    int version);
  void load_champion(Route& route, const Route* old, std::string& failure);
  void load_candidate(Route& route, const Route* old);
  std::shared_ptr<const Route> with_versions(const Route& route, const std::vector<int>& numbers);
  void forget_ended_trip(const DeploymentRow& row);
  void publish(Snapshot next);

  ServingStore& serving_;
  Registry& registry_;
  const LoadModel load_;
  const BreakerConfig breaker_;
  const std::chrono::milliseconds scan_;
  // Of the service's thread alone:
  std::map<std::string, FailedLoad, std::less<>> failed_loads_;  // by artifact
  std::map<std::string, std::int64_t, std::less<>> revisions_;   // by model: seen last

  mutable Mutex mutex_;
  ConditionVariable published_;
  std::shared_ptr<const Snapshot> snapshot_ GUARDED_BY(mutex_) = std::make_shared<const Snapshot>();
  std::map<std::string, Trip, std::less<>> trips_ GUARDED_BY(mutex_);
  std::set<std::pair<std::string, int>> wanted_ GUARDED_BY(mutex_);
  std::int64_t load_failures_ GUARDED_BY(mutex_) = 0;
  std::int64_t refresh_failures_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;

  Service service_{"model host"};
  Subscription deployments_;  // last: what it calls uses everything above
};

}  // namespace millrace::serve
