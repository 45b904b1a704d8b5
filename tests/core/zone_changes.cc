#include "tests/core/zone_changes.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "engine/base/digest.h"
#include "engine/base/file.h"

namespace millrace {
namespace {

namespace fs = std::filesystem;

constexpr std::time_t kBegin = 0, kEnd = 2145916800;  // 2038-01-01T00:00:00Z

}  // namespace

LibraryClock::LibraryClock(const std::string& zone) {
  setenv("TZ", (":" + zone).c_str(), 1);
  tzset();
}

LibraryClock::~LibraryClock() {
  unsetenv("TZ");
  tzset();
}

long LibraryClock::offset(std::time_t at) const {
  std::tm out{};
  localtime_r(&at, &out);
  return out.tm_gmtoff;
}

std::vector<std::time_t> LibraryClock::changes() const {
  std::vector<std::time_t> out;
  constexpr std::time_t kStep = 3 * kDay;
  for (std::time_t at = kBegin; at + kStep < kEnd; at += kStep) {
    if (offset(at) == offset(at + kStep)) continue;
    std::time_t before = at, after = at + kStep;
    while (after - before > 1) {
      const std::time_t middle = before + (after - before) / 2;
      (offset(middle) == offset(at) ? before : after) = middle;
    }
    out.push_back(after);
  }
  return out;
}

std::vector<std::string> all_zones() {
  const fs::path root = "/usr/share/zoneinfo";
  std::map<std::string, std::string> by_content;
  for (auto at = fs::recursive_directory_iterator(root); at != fs::recursive_directory_iterator();
       ++at) {
    const std::string name = at->path().lexically_relative(root).string();
    if (name == "posix" || name == "right") at.disable_recursion_pending();
    if (!at->is_regular_file() || name == "posixrules" || name == "localtime") continue;
    const auto content = read_file(at->path(), 1 << 20);
    if (content && content->starts_with("TZif")) by_content.emplace(sha256_hex(*content), name);
  }
  std::vector<std::string> names;
  for (auto& [content, name] : by_content) names.push_back(std::move(name));
  std::ranges::sort(names);
  return names;
}

std::vector<std::time_t> instants_of(const LibraryClock& clock, std::time_t change,
                                     std::time_t wall) {
  std::set<long> offsets;
  for (std::time_t at = change - 2 * kDay; at <= change + 2 * kDay; at += 900)
    offsets.insert(clock.offset(at));
  std::set<std::time_t> found;
  for (const long offset : offsets)
    if (clock.offset(wall - offset) == offset) found.insert(wall - offset);
  return {found.begin(), found.end()};
}

std::string line_of(std::time_t wall) {
  std::tm t{};
  gmtime_r(&wall, &t);
  std::string line;
  for (const int field : {t.tm_sec, t.tm_min, t.tm_hour, t.tm_mday, t.tm_mon + 1})
    line += std::to_string(field) + " ";
  return line + "*";
}

std::vector<std::time_t> expected_fires(DstPolicy policy, std::vector<std::time_t> shown,
                                        std::time_t change) {
  if (shown.empty())
    return policy == DstPolicy::skip ? std::vector<std::time_t>{} : std::vector{change};
  if (policy != DstPolicy::run_both) shown.resize(1);
  return shown;
}

}  // namespace millrace
