#include "engine/data/nesting.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <string>
#include <vector>

#include "engine/data/sql.h"

namespace millrace::data {
namespace {

Error too_deep(const std::string& place) {
  return make_error(ErrorCode::data_invalid,
                    place + ": values are nested more than " + std::to_string(kMaxNesting) +
                        " levels deep; flatten them, or write the inner part as text");
}

/// Counts open brackets over the bytes of a JSON file, strings left out.
class JsonDepth {
 public:
  /// False at the first bracket that is too deep.
  bool take(char c) {
    if (c == '\n') ++line_;
    if (in_string_) {
      if (escaped_)
        escaped_ = false;
      else if (c == '\\')
        escaped_ = true;
      else if (c == '"' || c == '\n')  // a JSON string has no line break: this one is broken
        in_string_ = false;
      return true;
    }
    if (first_ && c != ' ' && c != '\t' && c != '\r' && c != '\n') {
      first_ = false;
      lines_ = c != '[';
    }
    if (c == '"') in_string_ = true;
    // One record a line: what a broken line leaves open does not count for the next.
    if (c == '\n' && lines_) depth_ = 0;
    if (c == ']' || c == '}') depth_ = std::max(0, depth_ - 1);
    if (c != '[' && c != '{') return true;
    // The record itself is no level of a column, nor is the array around all records.
    return ++depth_ <= kMaxNesting + (lines_ ? 1 : 2);
  }
  long line() const { return line_; }

 private:
  int depth_ = 0;
  long line_ = 1;
  bool first_ = true;
  bool lines_ = true;
  bool in_string_ = false;
  bool escaped_ = false;
};

struct OpenGroup {
  std::int64_t children_left = 0;
  int levels = 0;
};

}  // namespace

int nesting_of(std::string_view type) {
  std::vector<int> outer;  // the deepest so far of each open parenthesis
  int current = 0;
  for (std::size_t i = 0; i < type.size(); ++i) {
    const char c = type[i];
    if (c == '"' || c == '\'') {
      const auto end = type.find(c, i + 1);  // a doubled quote opens the next part again
      if (end == std::string_view::npos) break;
      i = end;
    } else if (c == '(') {
      // DECIMAL(9,2) and ENUM('a') have parentheses and no members.
      const std::string_view before = type.substr(0, i);
      const bool members =
          before.ends_with("STRUCT") || before.ends_with("MAP") || before.ends_with("UNION");
      outer.push_back(members ? 0 : -1);
      current = 0;
    } else if (c == ',' && !outer.empty()) {
      outer.back() = outer.back() < 0 ? -1 : std::max(outer.back(), current);
      current = 0;
    } else if (c == ')' && !outer.empty()) {
      current = outer.back() < 0 ? 0 : std::max(outer.back(), current) + 1;
      outer.pop_back();
    } else if (c == '[') {
      ++current;
    }
  }
  return current;
}

Status check_json_nesting(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  JsonDepth depth;
  std::vector<char> block(1 << 18);
  while (in) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    for (std::streamsize i = 0; i < in.gcount(); ++i)
      if (!depth.take(block[static_cast<std::size_t>(i)]))
        return too_deep(file.filename().string() + ":" + std::to_string(depth.line()));
  }
  return {};
}

Status check_parquet_nesting(Session& session, const std::filesystem::path& file) {
  // The nodes of the tree come in order of depth first; the first is the root.
  MR_TRY(const Table nodes,
         session.query("SELECT name, coalesce(num_children, 0) AS children, repetition_type = "
                       "'REPEATED' AS repeated FROM parquet_schema(" +
                           quote_literal(file.string()) + ")",
                       {}, 10'000'000));
  const auto &names = nodes.columns[0].cells, &children = nodes.columns[1].cells,
             &repeated = nodes.columns[2].cells;
  std::vector<OpenGroup> open;
  for (std::size_t i = 0; i < nodes.rows(); ++i) {
    while (!open.empty() && open.back().children_left == 0) open.pop_back();
    const int outer = open.empty() ? 0 : open.back().levels;
    if (!open.empty()) --open.back().children_left;
    const bool is_group = children[i].as_int() > 0;
    // A list is a group around one repeated node: the two are one level.
    const bool wraps_list =
        children[i].as_int() == 1 && i + 1 < nodes.rows() && repeated[i + 1].as_bool(false);
    int levels = outer;
    if (repeated[i].as_bool(false))
      ++levels;
    else if (is_group && !wraps_list && i > 0)
      ++levels;
    if (levels > kMaxNesting)
      return too_deep(file.filename().string() + ", column '" + names[i].as_string() + "'");
    if (is_group) open.push_back({children[i].as_int(), levels});
  }
  return {};
}

}  // namespace millrace::data
