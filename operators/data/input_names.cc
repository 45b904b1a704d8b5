#include "operators/data/input_names.h"

#include <algorithm>
#include <cctype>

namespace millrace {
namespace {

std::string in_lower_case(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool is_input_name(std::string_view text) {
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text[0])) == 0 &&
         std::ranges::all_of(text,
                             [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

}  // namespace

Status check_input_names(std::string_view param, const Json& mapping,
                         std::vector<std::string>& taken) {
  const std::string place = param.empty() ? "" : std::string(param) + ": ";
  for (const auto& [name, value] : mapping.members()) {
    if (!is_input_name(name))
      return invalid_argument(place + "'" + name + "' is not a name; use letters, digits and _");
    if (std::ranges::find(taken, in_lower_case(name)) != taken.end())
      return invalid_argument(place + "'" + name +
                              "' is there twice; names that differ only in case are equal");
    taken.push_back(in_lower_case(name));
  }
  return {};
}

Status check_input_names(std::string_view param, const Json& mapping) {
  std::vector<std::string> taken;
  return check_input_names(param, mapping, taken);
}

}  // namespace millrace
