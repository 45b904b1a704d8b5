#include "engine/pg/sql_text.h"

#include <stdexcept>
#include <string>
#include <unordered_map>

namespace millrace::pg {

const Query& find_query(std::string_view name) {
  static const auto by_name = [] {
    std::unordered_map<std::string_view, const Query*> map;
    for (const Query& query : all_queries()) map.emplace(query.name, &query);
    return map;
  }();
  const auto found = by_name.find(name);
  if (found == by_name.end()) throw std::logic_error("no query named " + std::string(name));
  return *found->second;
}

}  // namespace millrace::pg
