// EffectLedger: what all effects of a journal amount to, to be compared with the registries. Like
// the rest of the oracle it counts for itself.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/store/store.h"
#include "tests/oracle/rule.h"

namespace millrace::oracle {

class EffectLedger {
 public:
  /// `task` is the id of the event's task; "" for effects that were asked for from outside.
  /// `name_space` is that of the run's DAG. Finds traffic for what must have none.
  Finding add(const Event& event, const std::string& task, const std::string& name_space);

  struct Owner {
    Uuid run;
    std::string task;
    int map_index = -1;
    friend bool operator==(const Owner&, const Owner&) = default;
  };
  /// Who watches the canaries that tasks have begun, by model.
  std::map<ModelKey, Owner> owners() const;
  /// Asks for the artifacts of all `runs`, also of those that published none.
  Finding compare(Stores stores, const std::vector<Uuid>& runs) const;
  /// How many effects of each kind.
  const std::map<std::string_view, int>& counts() const { return counts_; }

 private:
  struct Source {
    std::int64_t seq;
    Uuid run;
    std::string task;
    int map_index;
    std::string name_space;
  };
  /// An instance that says the same again changes nothing.
  using Said = std::tuple<std::string, Uuid, std::string, int, std::string>;
  struct Version {
    std::string artifact;
    Uuid run;
    std::string task;
    int map_index = -1;
    friend bool operator==(const Version&, const Version&) = default;
  };
  struct Serving {
    std::string champion, candidate, last_good;
    std::int64_t revision = 0;
    std::optional<Owner> owner;  // the task that began the canary
  };

  void note(const Source& source, const PublishArtifact& effect);
  void note(const Source& source, const RegisterModel& effect);
  void note(const Source& source, const RecordEvaluation& effect);
  void note(const Source& source, const SetTraffic& effect);
  void note(const Source& source, const PromoteModel& effect);
  void note(const Source& source, const RollbackModel& effect);
  void note(const Source& source, const ReleaseModel& effect);
  void note(const Source& source, const UpdateDataset& effect);
  void note(const Source& source, const RaiseAlert& effect);
  void note(const Source& source, const SetWatermark& effect);
  void note(const Source&, const StartRun&) {}  // child_runs.h

  void check_traffic(const ModelKey& model, const std::string& artifact);
  Finding compare_models(Registry& registry) const;
  Finding compare_deployable(Registry& registry) const;
  Finding compare_artifacts(Registry& registry, const std::vector<Uuid>& runs) const;
  Finding compare_evaluations(Registry& registry) const;
  Finding compare_rest(Registry& registry) const;
  Finding compare_serving(ServingStore& serving) const;

  std::map<std::string_view, int> counts_;
  Finding wrong_traffic_;
  std::set<std::pair<ModelKey, std::string>> not_shipped_;  // (model, artifact)
  std::set<Said> said_;
  std::map<ModelKey, std::vector<Version>> versions_;          // by model, in order
  std::map<Uuid, std::vector<std::string>> artifacts_;         // digests by run, in order
  std::map<ModelKey, std::vector<std::string>> evaluations_;   // challengers by model
  std::map<ModelKey, Serving> serving_;                        // by model
  std::map<DatasetKey, std::string> datasets_;                 // artifact by name
  std::vector<std::pair<std::int64_t, std::string>> alerts_;   // (event, title)
  std::map<DatasetKey, std::vector<std::string>> watermarks_;  // JSON by name, in order
};

}  // namespace millrace::oracle
