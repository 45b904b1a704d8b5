// ModelState: what the planner must know of a model before traffic moves: which artifacts are
// versions of it, what serves it, which task instance owns the canary, and which versions were
// refused or withdrawn. Pure; the stores use the same transitions for their rows.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/base/fields.h"
#include "engine/base/id.h"
#include "engine/core/effect.h"
#include "engine/core/names.h"

namespace millrace {

/// The task instance whose canary is under way. Nil run: a person set the traffic. Empty task: the
/// run as a whole (a canary that began before owners were recorded).
struct CanaryOwner {
  Uuid run;
  std::string task;
  int map_index = -1;
  friend bool operator==(const CanaryOwner&, const CanaryOwner&) = default;

  static constexpr auto fields() {
    return std::tuple{field("run", &CanaryOwner::run, "Its run; all zero: none"),
                      field("task", &CanaryOwner::task, "Its task; \"\": the run as a whole"),
                      field("map_index", &CanaryOwner::map_index, "And its map index")};
  }
};

/// What serves one model: artifacts, "" for none.
struct Serving {
  std::string champion;
  std::string candidate;
  double weight = 0;  // percent of the traffic that the candidate gets
  std::string last_good;
  CanaryOwner owner;  // of the canary; nil without one
};

/// What an effect did to it.
struct ServingChange {
  std::string artifact;    // that it was about; "": there was nothing to do it to
  std::string no_change;   // why it changed nothing; ""
  bool withdrawn = false;  // the artifact must not be shipped again without a person's reason
};

/// The model that the effect deploys, takes back or releases; nullptr: none.
const std::string* deployed_model(const Effect& effect);
/// What a deferred task waits for that waits for a change of the model's deployment.
inline EventName deployment_event(std::string_view name_space, const std::string& model) {
  return {name_space, "deployment/" + model};
}
/// REQUIRES: deployed_model(effect).
ServingChange change_serving(Serving& serving, const Effect& effect, const CanaryOwner& by);
/// An evaluation refused the challenger permanently. A champion that lost against itself is not
/// refused.
bool refuses(const RecordEvaluation& effect);

struct ModelState {
  Serving serving;
  std::set<std::string, std::less<>> versions;                  // artifacts
  std::map<std::string, std::string, std::less<>> not_shipped;  // artifact → why
};

/// All models, as the journal's effects leave them.
class Models {
 public:
  void restore(ModelKey model, ModelState state);

  /// May these effects of one event be applied, in order? Traffic goes to registered versions that
  /// were neither refused nor withdrawn, and one canary of a model is under way at a time. A
  /// roll-back that comes too late is no error of a task: it changes nothing. Here and below, the
  /// models that the effects name are those of `name_space`.
  Status admit(const std::string& name_space, const std::vector<Effect>& effects,
               const CanaryOwner& by) const;
  /// As `admit`, for a command: a roll-back or a release that would change nothing is refused.
  Status admit_command(const std::string& name_space, const std::vector<Effect>& effects) const;
  void apply(const std::string& name_space, const std::vector<Effect>& effects,
             const CanaryOwner& by);

  struct Canary {
    ModelKey model;
    std::string candidate;
    CanaryOwner owner;
  };
  bool has_owned_canaries() const { return !owned_.empty(); }
  /// Canaries that a task instance or a run owns.
  std::vector<Canary> owned_canaries() const;

 private:
  std::map<ModelKey, ModelState> models_;
  std::set<ModelKey> owned_;  // models with a canary that a run owns
};

}  // namespace millrace
