#include "engine/core/names.h"

#include "engine/base/suggest.h"

namespace millrace {

Error no_such(std::string_view noun, const ScopedName& wanted,
              const std::vector<ScopedName>& known) {
  const std::string begin = "there is no " + std::string(noun) + " '" + wanted.name +
                            "' in the namespace '" + wanted.namespace_ + "'";
  const ScopedName in_one = DagKey::parse(wanted.name);  // "team/flights" written as a name
  std::vector<std::string> names;
  for (const auto& each : known) {
    if (each.name == wanted.name)
      return not_found(begin + "; the namespace '" + each.namespace_ + "' has one");
    if (each == in_one)
      return not_found(begin + "; the namespace '" + each.namespace_ + "' has '" + each.name + "'");
    if (each.namespace_ == wanted.namespace_) names.push_back(each.name);
  }
  if (wanted.namespace_ != kDefaultNamespace)
    return not_found(begin + did_you_mean(wanted.name, names));
  return not_found("there is no " + std::string(noun) + " '" + wanted.name + "'" +
                   did_you_mean(wanted.name, names));
}

}  // namespace millrace
