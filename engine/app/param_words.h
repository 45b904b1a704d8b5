// Params on the command line: -p NAME=VALUE.
#pragma once

#include <string>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/core/dag.h"

namespace CLI {
class App;
}

namespace millrace {

/// -p, --param
void add_param_option(CLI::App& verb, std::vector<std::string>& params,
                      const std::string& doc = "A param, NAME=VALUE; repeat the option for more");

/// {"name": value, …} of "name=value" texts, each read as its declaration says.
Result<Json> parse_params(const std::vector<std::string>& params,
                          const std::vector<ParamSpec>& declared);

}  // namespace millrace
