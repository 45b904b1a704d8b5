// A model version read from the artifact store.
#pragma once

#include <string>

#include "engine/ml/model.h"
#include "engine/op/context.h"

namespace millrace::operators {

inline constexpr std::size_t kMaxModelBytes = 64u << 20;

/// `artifact` is a digest. Models of more than 64 MiB are refused; an error names the artifact.
Result<ml::Model> load_model(OperatorContext& ctx, const std::string& artifact);

}  // namespace millrace::operators
