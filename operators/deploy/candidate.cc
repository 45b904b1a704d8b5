#include "operators/deploy/candidate.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "engine/op/query.h"
#include "operators/ml/model_artifact.h"

namespace millrace::operators {
namespace {

constexpr std::size_t kShownNames = 10;

std::string list(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < std::min(names.size(), kShownNames); ++i)
    out += (i == 0 ? "'" : ", '") + names[i] + "'";
  if (names.size() > kShownNames)
    out += " and " + std::to_string(names.size() - kShownNames) + " more";
  return out;
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::ranges::sort(names);
  return names;
}

/// Of two sorted lists.
std::vector<std::string> only_in(const std::vector<std::string>& a,
                                 const std::vector<std::string>& b) {
  std::vector<std::string> out;
  std::ranges::set_difference(a, b, std::back_inserter(out));
  return out;
}

std::string named(const std::string& artifact) { return "candidate " + artifact.substr(0, 12); }

Status check_registered(OperatorContext& ctx, const std::string& model,
                        const std::string& candidate) {
  const auto version = ctx.query(VersionQuery{model, candidate});
  if (!version && version.error().code == ErrorCode::not_found)
    return not_found(named(candidate) + " is no registered version of model '" + model +
                     "'; only what 'train' has registered for this model gets traffic");
  MR_CHECK(version ? Status{} : Status{version.error()});
  if (!version->not_shipped.empty())
    return conflict(named(candidate) + " of model '" + model + "' " + version->not_shipped +
                    "; it is deployed again only after 'millrace release " + model + " " +
                    candidate.substr(0, 12) + " --reason …'");
  MR_TRY(const auto stored, ctx.query(ArtifactQuery{candidate}));
  if (stored.artifact_kind != "model")
    return data_invalid(named(candidate) + " is an artifact of kind '" + stored.artifact_kind +
                        "'; expected 'model'");
  return {};
}

}  // namespace

/// Ok if both take the same features, in any order, and predict the same kind of value.
static Status check_same_signature(const ml::Model& champion, const ml::Model& candidate) {
  if (champion.objective() != candidate.objective())
    return data_invalid("the candidate's objective is " +
                        std::string(ml::name(candidate.objective())) + ", the champion's " +
                        std::string(ml::name(champion.objective())));
  const auto theirs = sorted(champion.feature_names()), ours = sorted(candidate.feature_names());
  const auto more = only_in(ours, theirs), fewer = only_in(theirs, ours);
  std::string text;
  if (!more.empty()) text += " it wants " + list(more) + ", which the champion does not";
  if (!fewer.empty())
    text += (text.empty() ? " it does not know " : "; it does not know ") + list(fewer);
  if (text.empty()) return {};
  return data_invalid("the candidate has other features than the champion:" + text);
}

Status check_candidate(OperatorContext& ctx, const std::string& model, const std::string& candidate,
                       const std::string& champion, bool allow_signature_change) {
  MR_CHECK(check_registered(ctx, model, candidate));
  MR_TRY(const ml::Model loaded, load_model(ctx, candidate));
  if (champion.empty() || allow_signature_change) return {};
  const std::string cure = "; set allow_signature_change: true where clients can cope";
  const auto incumbent = load_model(ctx, champion);
  if (!incumbent)
    return data_invalid("the champion cannot be loaded (" + incumbent.error().to_string() +
                        "), so that its features are not known" + cure);
  Status same = check_same_signature(*incumbent, loaded);
  if (!same) return data_invalid(same.error().message + cure);
  return {};
}

}  // namespace millrace::operators
