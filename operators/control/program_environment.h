// What a program of the user's is started with and hands on, whichever operator runs it.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "operators/control/program_inputs.h"
#include "operators/control/program_outputs.h"

namespace millrace::operators {

/// Appends "NAME=value".
void add_variable(std::vector<std::string>& env, std::string_view name, std::string_view value);
/// The variables of the parameter `env`: null removes one.
Status add_authors(std::vector<std::string>& env, const Json& variables);

/// The files that a program finds and those that it is to write.
struct Exchange {
  std::vector<ProgramInput> inputs;
  std::vector<ProgramOutput> outputs;

  std::vector<std::string> input_digests() const {
    std::vector<std::string> out;
    for (const auto& input : inputs)
      if (std::ranges::find(out, input.digest) == out.end()) out.push_back(input.digest);
    return out;
  }
};

/// {inputs: {name: {path, type, format, digest}}, outputs: {name: {path, type}}}
Json description_of(const Exchange& exchange);

/// The names of the outputs that the parameters `output_files` and `outputs` declare; nullopt: none
/// is, or an expression says which.
std::optional<std::vector<std::string>> declared_outputs(const Json& with);

}  // namespace millrace::operators
