// Completion of command lines, as bash asks for it.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "engine/base/file.h"
#include "tests/e2e/pages.h"
#include "tests/e2e/program.h"

namespace millrace::e2e {
namespace {

namespace fs = std::filesystem;
using Words = std::set<std::string>;

std::string quoted(const std::string& word) { return "'" + word + "'"; }

/// What the function that bash has registered answers for `millrace LINE…`, whose last word is
/// completed. Bash splits a line at "=".
Words bash_completes(const std::vector<std::string>& line) {
  std::string script = "source <(" + quoted(binary()) + " completion bash)\n";
  script +=
      "[[ $(complete -p millrace) == 'complete -F _millrace millrace' ]] || echo unregistered\n";
  script += "COMP_WORDS=(" + quoted(binary());
  for (const auto& word : line) script += " " + quoted(word);
  script += ")\nCOMP_CWORD=" + std::to_string(line.size()) +
            "\n_millrace\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n";
  Program bash({"/bin/bash", "--norc", "-c", script});
  std::istringstream out(bash.wait(std::chrono::seconds{60}).out);
  Words words;
  for (std::string word; std::getline(out, word);)
    if (!word.empty()) words.insert(word);
  return words;
}

Words verbs_in_help() {
  std::istringstream help(millrace({"--help"}).out);
  Words verbs;
  bool listed = false;
  for (std::string line; std::getline(help, line);) {
    if (listed && line.starts_with("  ")) verbs.insert(line.substr(2, line.find(' ', 2) - 2));
    listed |= line.starts_with("Subcommands:");
  }
  return verbs;
}

TEST(Completion, OffersEveryVerbThatHelpLists) {
  const Words verbs = verbs_in_help();
  EXPECT_GT(verbs.size(), 20u);
  EXPECT_EQ(bash_completes({""}), verbs);
  EXPECT_EQ(bash_completes({"grap"}), Words{"graph"});
  EXPECT_EQ(bash_completes({"--state", "folder", "grap"}), Words{"graph"});
}

TEST(Completion, OffersEveryOptionThatHelpLists) {
  const auto common = options_in_help(millrace({"--help"}).out);
  for (const auto& verb : verbs_in_help()) {
    Words expected(common.begin(), common.end());
    for (auto& option : options_in_help(millrace({verb, "--help"}).out))
      expected.insert(std::move(option));
    Words offered;
    std::istringstream lines(millrace({"complete", "--", verb, "-"}).out);
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with('-')) offered.insert(line.substr(0, line.find('\t')));
    EXPECT_EQ(offered, expected) << verb;
  }
}

TEST(Completion, OffersTheValuesOfAnOption) {
  const Words formats{"dot", "mermaid", "svg", "text"};
  EXPECT_EQ(bash_completes({"graph", "--format", ""}), formats);
  EXPECT_EQ(bash_completes({"graph", "--format", "="}), formats);
  EXPECT_EQ(bash_completes({"graph", "--format", "=", "m"}), Words{"mermaid"});
  EXPECT_EQ(bash_completes({"graph", "--format=m"}), Words{"--format=mermaid"});
  EXPECT_EQ(bash_completes({"up", "--workers", ""}), Words{}) << "a number";
}

TEST(Completion, OffersTheChoicesOfAnArgument) {
  EXPECT_EQ(bash_completes({"completion", ""}), (Words{"bash", "fish", "zsh"}));
  EXPECT_EQ(bash_completes({"backfill", "--param", "a", "=", "1", "p"}), Words{"pause"});
}

class CompletionInFolder : public testing::Test {
 protected:
  CompletionInFolder() { fs::current_path(folder_.path()); }
  ~CompletionInFolder() override { fs::current_path(before_); }
  std::string state() const { return (folder_.path() / "state").string(); }

  TempFolder folder_;

 private:
  fs::path before_ = fs::current_path();
};

TEST_F(CompletionInFolder, OffersFilesWhereTheyFit) {
  ASSERT_TRUE(write_file_atomic("my dag.yaml", "").ok());
  fs::create_directory("mine");
  const Words both{"my dag.yaml", "mine"};
  EXPECT_EQ(bash_completes({"run", "m"}), both);
  EXPECT_EQ(bash_completes({"lint", "one.yaml", "m"}), both);
  EXPECT_EQ(bash_completes({"up", "--dags", "m"}), both);
  EXPECT_EQ(bash_completes({"show", "m"}), Words{}) << "a run is no file";
}

TEST_F(CompletionInFolder, OffersTheDagsOfARunningEngine) {
  fs::create_directories("dags");
  for (const char* dag : {"sales", "stock", "hello"})
    ASSERT_TRUE(write_file_atomic("dags/" + std::string(dag) + ".yaml",
                                  "dag: " + std::string(dag) + "\ntasks: {a: {operator: noop}}\n")
                    .ok());
  const Up up(state(), folder_.path() / "dags");
  ASSERT_TRUE(eventually([&] { return up.get("/dags").size() == 3; }));
  EXPECT_EQ(bash_completes({"--state", state(), "trigger", "s"}), (Words{"sales", "stock"}));
  EXPECT_EQ(bash_completes({"--state", state(), "graph", "he"}), Words{"hello"});
}

TEST_F(CompletionInFolder, StartsNothingWithoutAnEngine) {
  EXPECT_EQ(bash_completes({"--state", state(), "trigger", ""}), Words{});
  EXPECT_FALSE(fs::exists(state()));
}

TEST_F(CompletionInFolder, DoesNotWaitForAnEngineThatDoesNotAnswer) {
  const int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(silent, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(silent, 8), 0);
  ASSERT_EQ(getsockname(silent, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(bash_completes({"--url", url, "trigger", ""}), Words{});
  // One second for the engine; the rest is for a slow machine.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{20});
  close(silent);
}

}  // namespace
}  // namespace millrace::e2e
