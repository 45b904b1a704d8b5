// The answer to an inference request, written as text: this is the hot path of the model server.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/serve/inference.h"

namespace millrace::serve {

bool is_binary(const ServedModel& served);
/// "probability", or "prediction" of a regression.
std::string_view score_name(const ServedModel& served);
/// What is answered where the request names no outputs: all that the metadata lists.
std::vector<std::string> output_names(const ServedModel& served);
/// An error that names the first output which the model does not have.
Status check_outputs(const std::vector<std::string>& outputs, const ServedModel& contract);
std::string infer_body(const Inferred& inferred, const std::vector<std::string>& outputs);

/// Of what a client sent, for errors: at most 128 bytes.
std::string in_quotes(std::string_view text);

}  // namespace millrace::serve
