// Reads a text by the grammar of YAML 1.2.2 before the library does. It refuses what the grammar
// does not allow, reads the value of every scalar, and gives the library a text of the same length
// in which each scalar, comment and tab is replaced by something plain: what remains for the
// library is the structure. Internal to this module.
//
// Allowed beyond the grammar: the bracket that closes a flow collection may stand as far left as
// the key that the collection belongs to.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/spec/report.h"

namespace millrace::spec {

struct ScannedScalar {
  std::string text{};
  bool plain = false;  // without quotes, and no block scalar
  bool empty = false;  // nothing but a tag
};

struct ScannedYaml {
  std::string masked;                  // as long as the text; for the library
  std::vector<ScannedScalar> scalars;  // in the order of the text
  bool empty = true;                   // there is no document
};

/// `text` is UTF-8 without control characters (yaml_guard.h). nullopt: not valid, or more than one
/// document; the reason is in `report`. Linear in the length of the text.
std::optional<ScannedYaml> scan_yaml(std::string_view text, Report& report);

}  // namespace millrace::spec
