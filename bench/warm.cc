#include "bench/warm.h"

#include <string_view>

#include "engine/base/file.h"

namespace millrace::bench {
namespace {

constexpr std::string_view kModule = "def nothing():\n    return {}\n";

}  // namespace

Result<WarmTasks> warm_tasks(const std::filesystem::path& state) {
  const auto folder = std::filesystem::absolute(state) / "code";
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem) return unavailable("cannot make '" + folder.string() + "': " + problem.message());
  MR_CHECK(write_file(folder / "bench_code.py", kModule));
  const auto program = std::filesystem::read_symlink("/proc/self/exe", problem);
  if (problem) return unavailable("cannot find this program: " + problem.message());
  return WarmTasks{"operator: python, with: {function: \"bench_code:nothing\", folder: \"" +
                       folder.string() + "\"}",
                   "operator: call, with: {function: nothing, argv: [\"" +
                       (program.parent_path() / "bench_c_worker").string() + "\"]}"};
}

}  // namespace millrace::bench
