// YAML text as a tree that knows the place of each value. Typing follows the YAML 1.2 core schema:
// `yes`, `on` and `12:30` are strings; quoted scalars are always strings. Internal to this module;
// the library stays in yaml.cc.
//
// Safe on hostile text: bounded in bytes, depth, number of values and what aliases expand to.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"
#include "engine/spec/report.h"

namespace millrace::spec {

constexpr std::size_t kMaxYamlBytes = 1u << 20;
constexpr int kMaxYamlDepth = 64;

struct YamlNode {
  enum class Kind { scalar, list, mapping };
  struct Entry;

  Kind kind = Kind::scalar;
  Position at;
  std::string text;    // of a scalar, as read
  bool plain = false;  // a scalar without quotes
  Json scalar;         // typed; null for an empty one; not finite if no JSON number is exact
  std::vector<YamlNode> items;
  std::vector<Entry> entries;  // in order; keys differ

  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_list() const { return kind == Kind::list; }
  bool is_mapping() const { return kind == Kind::mapping; }
  bool is_null() const { return is_scalar() && scalar.is_null(); }
  bool is_string() const { return is_scalar() && scalar.is_string(); }

  const Entry* find(std::string_view key) const;
  /// "a list", "an integer", … for messages.
  std::string_view type_name() const;
};

struct YamlNode::Entry {
  std::string key;
  Position key_at;
  YamlNode value;
};

/// Values and bytes of scalars in a tree: what a copy of it costs.
struct YamlSize {
  std::size_t values = 0;
  std::size_t bytes = 0;
};
YamlSize size_of(const YamlNode& node);

/// The one document of `text`. nullopt if there is no tree to go on with; problems go to `report`.
std::optional<YamlNode> parse_yaml(std::string_view text, Report& report);
/// The typed value. What JSON cannot hold exactly, `.inf` or an integer beyond 64 bits, is
/// reported.
Json to_json(const YamlNode& node, Report& report);
/// The same with plain scalars as the text that the file has, 1.10 and not 1.1; null stays null.
Json to_json_as_written(const YamlNode& node);
/// The value of a plain scalar under the core schema.
Json core_schema_value(std::string_view text);

}  // namespace millrace::spec
