#include "operators/deploy/rollback.h"

#include "engine/op/query.h"

namespace millrace::operators {

Result<Outcome> DeployRollback::run(OperatorContext& ctx) const {
  MR_TRY(const auto now, ctx.query(DeploymentQuery{model}));
  const std::string champion = artifact_of(now.champion);
  const std::string candidate = artifact_of(now.candidate);
  const std::string last_good = artifact_of(now.last_good);
  const std::string from = candidate.empty() ? champion : candidate;
  const std::string to = candidate.empty() ? last_good : champion;
  if (!artifact.empty() && artifact != from) {
    ctx.log("nothing to do: " + artifact.substr(0, 12) +
            " gets no traffic that could be taken back");
    return Outcome{
        Done{Json::object({{"rolled_back", false}, {"from", ""}, {"to", champion}}), {}}};
  }
  if (to.empty())
    return not_found("model '" + model +
                     "' has nothing to go back to: no canary is under way, and " +
                     "no champion came before this one");
  Done done;
  done.outputs = Json::object({{"rolled_back", true}, {"from", from}, {"to", to}});
  RollbackModel back{model, reason, Json::object({{"from", from}, {"to", to}})};
  back.artifact = from;  // not what may have replaced it since
  back.candidate_only = !candidate.empty();
  done.effects.push_back(std::move(back));
  return Outcome{std::move(done)};
}

}  // namespace millrace::operators
