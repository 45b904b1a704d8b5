#include "engine/app/param_words.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>

namespace millrace {

void add_param_option(CLI::App& verb, std::vector<std::string>& params, const std::string& doc) {
  verb.add_option("-p,--param", params, doc);
}

Result<Json> parse_params(const std::vector<std::string>& params,
                          const std::vector<ParamSpec>& declared) {
  Json out = Json::object();
  for (const auto& param : params) {
    const auto equals = param.find('=');
    if (equals == std::string::npos || equals == 0)
      return invalid_argument("'" + param + "' is not a param; write it as name=value");
    ParamSpec spec{param.substr(0, equals)};  // one that is not declared is the engine's to refuse
    const auto found = std::ranges::find(declared, spec.name, &ParamSpec::name);
    if (found != declared.end()) spec = *found;
    MR_TRY(Json value, param_from_text(spec, std::string_view(param).substr(equals + 1)));
    out.set(spec.name, std::move(value));
  }
  return out;
}

}  // namespace millrace
