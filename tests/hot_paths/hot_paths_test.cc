// The regression gate: instructions of the hot paths, counted by callgrind, beside what is on
// record in instructions.expected. Seconds would say more about the machine than about the code.
// MILLRACE_UPDATE_GOLDEN=1 writes the file again.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <string>

namespace millrace {
namespace {

constexpr double kTolerance = 0.05;

struct Path {
  std::string name;
  int few, many;  // of what is counted
};

std::ostream& operator<<(std::ostream& out, const Path& path) { return out << path.name; }

/// All instructions of `hot_paths NAME COUNT`.
double instructions(const std::string& name, int count) {
  const std::string command = std::string(VALGRIND) +
                              " --tool=callgrind --callgrind-out-file=/dev/null " HOT_PATHS " " +
                              name + " " + std::to_string(count) + " 2>&1";
  const std::unique_ptr<FILE, decltype(&pclose)> pipe(popen(command.c_str(), "r"), pclose);
  std::string out;
  for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get()))
    out += static_cast<char>(c);
  const std::size_t at = out.find("Collected : ");
  if (at == std::string::npos) {
    ADD_FAILURE() << command << " counted nothing:\n" << out;
    return 0;
  }
  return std::atof(out.c_str() + at + std::string("Collected : ").size());
}

std::string record() { return MILLRACE_SOURCE_DIR "/tests/hot_paths/instructions.expected"; }

std::map<std::string, double> recorded() {
  std::map<std::string, double> out;
  std::ifstream file(record());
  std::string name;
  double count = 0;
  while (file >> name >> count) out[name] = count;
  return out;
}

void write_record(const std::string& name, double count) {
  auto all = recorded();
  all[name] = std::round(count);
  std::ofstream file(record());
  for (const auto& [each, instructions_of_it] : all)
    file << each << " " << static_cast<std::int64_t>(instructions_of_it) << "\n";
}

class HotPath : public ::testing::TestWithParam<Path> {};

TEST_P(HotPath, TakesNoMoreInstructionsThanOnRecord) {
  const Path& path = GetParam();
  const double each = (instructions(path.name, path.many) - instructions(path.name, path.few)) /
                      (path.many - path.few);
  std::printf("%-16s %10.0f instructions\n", path.name.c_str(), each);
  if (std::getenv("MILLRACE_UPDATE_GOLDEN") != nullptr) write_record(path.name, each);
  const auto expected = recorded();
  ASSERT_TRUE(expected.contains(path.name)) << "MILLRACE_UPDATE_GOLDEN=1 writes it";
  EXPECT_NEAR(each, expected.at(path.name), kTolerance * expected.at(path.name))
      << "more: find out why; fewer: well done, MILLRACE_UPDATE_GOLDEN=1 puts it on record";
}

INSTANTIATE_TEST_SUITE_P(All, HotPath,
                         ::testing::Values(Path{"loose_task", 1000, 3000},
                                           Path{"chain_step", 100, 300},
                                           Path{"dag_task", 1000, 3000}, Path{"journal_rows", 1, 6},
                                           Path{"fold_run", 1, 6}, Path{"event_read", 100, 1100},
                                           Path{"runner_messages", 100, 1100},
                                           Path{"light_attempt", 1000, 3000},
                                           Path{"render", 100, 1100}),
                         [](const auto& path) { return path.param.name; });

}  // namespace
}  // namespace millrace
