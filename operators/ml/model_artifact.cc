#include "operators/ml/model_artifact.h"

namespace millrace::operators {

Result<ml::Model> load_model(OperatorContext& ctx, const std::string& artifact) {
  MR_TRY(const std::string text, ctx.artifacts().read(artifact, kMaxModelBytes));
  auto model = ml::Model::parse(text);
  if (!model) return std::move(model).error().at("model " + artifact.substr(0, 12));
  return model;
}

}  // namespace millrace::operators
