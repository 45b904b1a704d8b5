// LevelValues: the values of a level with the names that hold outside of it: inputs become what the
// use gives, and ids of tasks get the prefix of the level. Internal to this module.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/core/depends.h"
#include "engine/spec/template_level.h"

namespace millrace::spec {

class LevelValues {
 public:
  LevelValues(const LocatedDag& dag, ExpansionBudget& budget, Report& report)
      : dag_(dag), budget_(budget), report_(report) {}

  /// The same tree, with other names in its expressions.
  YamlNode rewritten(const Level& level, const YamlNode& node);
  /// The expression of a condition such as `if`; nullopt: it is none, and the reader reports it.
  std::optional<std::string> condition(const Level& level, const YamlNode& node);
  /// The text of a `depends` with the ids of tasks outside of the level. A use is all of its last
  /// tasks.
  std::string depends(const Level& level, const YamlNode& node);
  /// The ids that `needs: id` means: of a task its own, of a use those of its last tasks.
  std::vector<std::string> ids_needed(const Level& level, const std::string& id);

 private:
  bool has_task(const Level& level, std::string_view id) const;
  std::string depends_term(const Level& level, const std::string& name, const Position& at);
  /// What a chain of names means.
  struct Meaning {
    std::size_t names = 0;            // that it takes from the chain
    std::string task;                 // full id; "": a value
    const YamlNode* value = nullptr;  // nullptr with task "": unknown, and reported
  };
  using Pieces = std::vector<std::pair<std::string, std::size_t>>;

  std::optional<Meaning> meaning(const Level& level, const std::vector<std::string>& chain,
                                 const Position& at);
  std::optional<Meaning> task_meaning(const Level& level, const Pieces& pieces, std::size_t from,
                                      const Position& at);
  std::optional<Meaning> output_meaning(const LevelTask& use, const Pieces& pieces,
                                        std::size_t from, const Position& at);
  const YamlNode* input_value(const Level& level, const std::string& name, const Position& at);
  const YamlNode* output_value(const Level& level, const std::string& name, const Position& at);
  YamlNode given_value(const Level& level, const ParamSpec& input);

  void report_once(const Position& at, std::string_view code, std::string message,
                   std::string hint = "");
  YamlNode copied(const Level& level, const YamlNode& node, const YamlNode& value);
  YamlNode rewritten_text(const Level& level, const YamlNode& node);
  std::string expression(const Level& level, std::string_view text, const Position& at);
  std::optional<std::string> as_expression(const YamlNode& value);
  std::string spliced(const std::string& before, const YamlNode& value);
  const std::vector<std::string>& last_tasks(const Level& level);

  using Key = std::pair<const Level*, std::string>;

  const LocatedDag& dag_;
  ExpansionBudget& budget_;
  Report& report_;
  std::map<Key, YamlNode> inputs_, outputs_;
  std::set<Key> open_;  // being computed
  std::set<std::tuple<int, std::size_t, std::string>> reported_;
  std::map<const Level*, std::vector<std::string>> last_tasks_;
};

}  // namespace millrace::spec
