// docs/cli.md says what the binary says, and every command line on a page is one that it takes.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>

#include "engine/base/error.h"
#include "engine/base/file.h"
#include "tests/e2e/pages.h"
#include "tests/e2e/program.h"

namespace millrace::e2e {
namespace {

using Options = std::set<std::string>;

Options set_of(const std::vector<std::string>& options) {
  return Options(options.begin(), options.end());
}

std::string cli_page() {
  return read_file(MILLRACE_SOURCE_DIR "/docs/cli.md", 1 << 20).value_or("");
}

/// What the binary says of itself: its own options under "", then those of each verb.
std::map<std::string, Options> options_by_verb() {
  const std::string help = millrace({"--help"}).out;
  std::map<std::string, Options> options{{"", set_of(options_in_help(help))}};
  static const std::regex kVerb(R"(\n  ([a-z]+) +[A-Z])");
  const std::string verbs = help.substr(std::min(help.size(), help.find("Subcommands:")));
  for (std::sregex_iterator at(verbs.begin(), verbs.end(), kVerb), end; at != end; ++at) {
    const std::string verb = (*at)[1].str();
    Options own = set_of(options_in_help(millrace({verb, "--help"}).out));
    own.erase("-h");
    own.erase("--help");
    options[verb] = std::move(own);
  }
  return options;
}

/// The repository as working directory, as the pages assume; an empty state folder.
class Pages : public testing::Test {
 protected:
  Pages() { std::filesystem::current_path(MILLRACE_SOURCE_DIR); }
  ~Pages() override { std::filesystem::current_path(before_); }

  /// Runs it in the state folder of the test, with the run's id for RUN.
  Finished run(const ShownCommand& command, const std::string& run_id = "") const {
    std::vector<std::string> words{"--state", state().string()};
    for (const auto& word : command.words) words.push_back(word == "RUN" ? run_id : word);
    return millrace(std::move(words));
  }
  std::filesystem::path state() const { return folder_.path() / "state"; }

  TempFolder folder_;

 private:
  std::filesystem::path before_ = std::filesystem::current_path();
};

TEST(CommandLine, ThePageNamesEveryVerbAndOption) {
  const std::string page = cli_page();
  const auto options = options_by_verb();
  EXPECT_GE(options.size(), 16u);
  for (const auto& entry : options) {
    const std::string title = entry.first.empty() ? "Every verb" : entry.first;
    const std::string section = section_of(page, title);
    EXPECT_FALSE(section.empty()) << "docs/cli.md has no section '" << title << "'";
    EXPECT_EQ(set_of(options_in_page(section)), entry.second) << "docs/cli.md, '" << title << "'";
    EXPECT_NE(section.find("```\n"), std::string::npos) << "no example of '" << title << "'";
  }
}

TEST(CommandLine, ThePageNamesEveryExitCode) {
  const std::string section = section_of(cli_page(), "Exit codes");
  std::size_t rows = 0;
  for (int i = 0; i <= static_cast<int>(ErrorCode::program_failed); ++i, ++rows) {
    const ErrorTraits& row = traits(static_cast<ErrorCode>(i));
    const std::string cells =
        "\n| " + std::to_string(row.exit_code) + " | `" + std::string(row.name) + "` | ";
    EXPECT_NE(section.find(cells), std::string::npos) << cells;
  }
  static const std::regex kRow(R"(\n\| \d+ \|)");
  const std::sregex_iterator first(section.begin(), section.end(), kRow);
  EXPECT_EQ(static_cast<std::size_t>(std::distance(first, {})), rows + 2) << "and 0 and 1";
}

TEST(CommandLine, AWrongCommandLineEndsWithTwoAndHelpWithZero) {
  EXPECT_EQ(millrace({"--help"}).exit_code, 0);
  EXPECT_EQ(millrace({"lint", "--help"}).exit_code, 0);
  const std::vector<std::vector<std::string>> wrong = {{},
                                                       {"no-such-verb"},
                                                       {"lint", "--no-such-option"},
                                                       {"run"},
                                                       {"--state", "", "runs"},
                                                       {"up", "--dags", ""},
                                                       {"up", "--workers", "-1"},
                                                       {"trigger", "etl", "--idempotency-key", ""},
                                                       {"runs", "--limit", "many"},
                                                       {"serve", "--workers", "2"}};
  for (const auto& words : wrong) {
    const Finished told = millrace(words);
    EXPECT_EQ(told.exit_code, traits(ErrorCode::invalid_argument).exit_code) << told.out;
    EXPECT_FALSE(told.out.empty());
  }
}

TEST(CommandLine, AMissingFileIsNotFound) {
  const int not_found = traits(ErrorCode::not_found).exit_code;
  for (const char* verb : {"run", "lint", "next", "graph", "plan"}) {
    const Finished told = millrace({verb, "no-such-file.yaml"});
    EXPECT_EQ(told.exit_code, not_found) << told.out;
    EXPECT_NE(told.out.find("'no-such-file.yaml'"), std::string::npos) << told.out;
  }
}

// The clock of Chicago jumped ahead at 2:00 on 2024-03-10: tests/core/timetable_test.cc.
TEST(CommandLine, NextListsTheFiresOfAFileWithoutAnEngine) {
  const TempFolder folder;
  const std::string file = (folder.path() / "nightly.yaml").string();
  ASSERT_TRUE(write_file(file,
                         "dag: nightly\n"
                         "schedule: {cron: '30 2 * * *', timezone: America/Chicago,\n"
                         "           start: 2024-03-09, end: 2024-03-11, catchup: true}\n"
                         "tasks: {a: {operator: noop}}\n"));
  const Finished next = millrace({"next", file});
  EXPECT_EQ(next.exit_code, 0);
  EXPECT_NE(next.out.find("LOCAL (America/Chicago)"), std::string::npos) << next.out;
  EXPECT_NE(next.out.find("2024-03-09T02:30:00-06:00  2024-03-09T08:30:00Z\n"), std::string::npos)
      << next.out;
  EXPECT_NE(next.out.find("2024-03-10T03:00:00-05:00  2024-03-10T08:00:00Z  the clock jumps ahead"),
            std::string::npos)
      << next.out;
  EXPECT_EQ(std::ranges::count(next.out, '\n'), 4) << "a header and three fires: " << next.out;
}

TEST(CommandLine, AMisspeltOptionIsSuggested) {
  const Finished told = millrace({"up", "--prot", "1"});
  EXPECT_NE(told.out.find("did you mean '--port'?"), std::string::npos) << told.out;
}

TEST_F(Pages, EveryCommandNamesAVerbAndItsOptions) {
  const auto options = options_by_verb();
  const auto commands = shown_commands();
  EXPECT_GT(commands.size(), 30u);
  std::set<std::string> shown;
  for (const auto& command : commands) {
    const auto verb = options.find(command.verb());
    ASSERT_NE(verb, options.end()) << command.place << ": no verb '" << command.verb() << "'";
    shown.insert(verb->first);
    for (const auto& word : command.words) {
      if (!word.starts_with("-")) continue;
      const std::string name = word.substr(0, word.find('='));
      EXPECT_TRUE(verb->second.contains(name) || options.at("").contains(name))
          << command.place << ": '" << verb->first << "' has no option " << name;
    }
  }
  EXPECT_EQ(shown.size(), options.size()) << "each verb is shown somewhere";
}

TEST_F(Pages, CommandsWithoutAnEngineWorkAsShown) {
  const std::set<std::string> verbs = {"", "lint", "schema", "doctor", "run"};
  int ran = 0;
  for (const auto& command : shown_commands()) {
    if (command.script || !verbs.contains(command.verb())) continue;
    const Finished told = run(command);
    EXPECT_EQ(told.exit_code, 0) << command.place << "\n" << told.out;
    ++ran;
  }
  EXPECT_GE(ran, 10);
}

TEST_F(Pages, CommandsToAnEngineWorkAsShown) {
  const auto dags = folder_.path() / "dags";
  std::filesystem::create_directories(dags);
  std::filesystem::copy_file("dags/hello.yaml", dags / "hello.yaml");
  Up up(state(), dags);
  ASSERT_TRUE(eventually([&] { return up.get("/dags/hello")["dag"]["dag"].as_view() == "hello"; }));
  ASSERT_EQ(up.run("hello", Json::object()), "success");
  const std::string run_id = up.get("/runs")["runs"].at(0)["run"].as_string();

  // What a finished run or an unknown model answers is the engine's word, not the command line's.
  const int conflict = traits(ErrorCode::conflict).exit_code;
  const int not_found = traits(ErrorCode::not_found).exit_code;
  const std::map<std::string, std::set<int>> answers = {{"trigger", {0}},
                                                        {"runs", {0}},
                                                        {"show", {0}},
                                                        {"logs", {0}},
                                                        {"models", {0}},
                                                        {"history", {0}},
                                                        {"cancel", {conflict}},
                                                        {"retry", {0, conflict}},
                                                        {"rollback", {not_found}},
                                                        {"dags", {0}},
                                                        {"graph", {0}},
                                                        {"plan", {0}},
                                                        {"schedule", {not_found}}};
  for (const auto& command : shown_commands()) {
    const auto expected = answers.find(command.verb());
    const bool elsewhere = std::ranges::count(command.words, "--url") > 0 ||
                           std::ranges::count(command.words, "--state") > 0;
    if (command.script || expected == answers.end() || elsewhere) continue;
    const Finished told = run(command, run_id);
    EXPECT_TRUE(expected->second.contains(told.exit_code))
        << command.place << " ended with " << told.exit_code << "\n"
        << told.out;
  }
}

}  // namespace
}  // namespace millrace::e2e
