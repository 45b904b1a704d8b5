// The pages that are worked through from top to bottom: each ```sh block runs in order, in one
// shell each, and must succeed. A block that starts an engine goes on in the background. Where a
// block without a language follows, it is the exact output. The tutorial runs in the root of the
// repository; a page of the guide begins in an empty folder, and its YAML blocks that begin with
// "# NAME.yaml" are files there.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "engine/base/file.h"
#include "tests/e2e/program.h"

namespace millrace::e2e {
namespace {

struct Block {
  std::string place, language, text;
};

std::vector<Block> blocks_of(const std::string& page) {
  std::istringstream lines(
      read_file(std::string(MILLRACE_SOURCE_DIR "/docs/") + page, 1 << 22).value_or(""));
  std::vector<Block> blocks;
  bool inside = false;
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.starts_with("```")) {
      inside = !inside;
      if (inside) blocks.push_back({page + ":" + std::to_string(number + 1), line.substr(3), ""});
    } else if (inside) {
      blocks.back().text += line + "\n";
    }
  }
  return blocks;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

/// Sets the variables of lines `export NAME=VALUE` at the beginning, for this block and later ones.
std::string without_exports(std::string text) {
  static const std::regex kExport("export ([A-Z_]+)=(.*)\n");
  std::smatch match;
  while (std::regex_search(text, match, kExport, std::regex_constants::match_continuous)) {
    ::setenv(match[1].str().c_str(), match[2].str().c_str(), 1);
    text = match.suffix();
  }
  return text;
}

class PageScript : public testing::TestWithParam<const char*> {
 protected:
  PageScript() {
    std::filesystem::create_directories(folder_.path() / "bin");
    std::filesystem::create_symlink(binary(), folder_.path() / "bin/millrace");
    std::filesystem::create_directories(folder_.path() / "files");
    const bool in_guide = std::string_view(GetParam()).starts_with("guide/");
    std::filesystem::current_path(in_guide ? folder_.path() / "files"
                                           : std::filesystem::path(MILLRACE_SOURCE_DIR));
  }
  ~PageScript() override { std::filesystem::current_path(before_); }

  std::filesystem::path state() const { return folder_.path() / "state"; }

  Finished run(std::string text) const {
    if (up_) {
      replace_all(text, ":8793", ":" + std::to_string(up_->api_port()));
      replace_all(text, ":8794", ":" + std::to_string(up_->serve_port()));
    }
    const std::string environment = "export PATH='" + (folder_.path() / "bin").string() +
                                    "':\"$PATH\" MILLRACE_HOME='" + state().string() + "'\n";
    return Program({"/bin/bash", "-euo", "pipefail", "-c", environment + text})
        .wait(std::chrono::seconds{240});
  }

  static void save(const Block& block) {
    static const std::regex kName("# ([a-z_]+\\.yaml)\n[^]*");
    std::smatch name;
    if (!std::regex_match(block.text, name, kName)) return;
    std::ofstream(name[1].str()) << block.text;
  }

  TempFolder folder_;
  std::optional<Up> up_;

 private:
  std::filesystem::path before_ = std::filesystem::current_path();
};

TEST_P(PageScript, EveryCommandWorksInOrder) {
  const std::vector<Block> blocks = blocks_of(GetParam());
  int ran = 0;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const Block& block = blocks[i];
    if (block.language == "yaml") save(block);
    if (block.language != "sh") continue;
    ++ran;
    const std::string start = "millrace up --dags ";
    const std::string text = without_exports(block.text);
    if (text.starts_with(start)) {
      up_.emplace(state(), text.substr(start.size(), text.size() - start.size() - 1));
      continue;
    }
    const Finished told = run(block.text);
    ASSERT_EQ(told.exit_code, 0) << block.place << "\n" << block.text << told.out;
    if (i + 1 < blocks.size() && blocks[i + 1].language.empty())
      EXPECT_EQ(told.out, blocks[i + 1].text) << block.place;
  }
  EXPECT_GT(ran, 0) << "the page has no ```sh block";
}

INSTANTIATE_TEST_SUITE_P(Docs, PageScript,
                         testing::Values("tutorial.md", "testing.md", "templates.md", "webhooks.md",
                                         "guide/01-first-dag.md", "guide/02-values.md",
                                         "guide/03-branches.md", "guide/04-maps.md",
                                         "guide/05-failures.md", "guide/06-tables.md",
                                         "guide/07-schedules.md", "guide/08-events.md",
                                         "guide/09-models.md", "guide/10-operations.md"));

TEST(Guide, EveryPageIsRun) {
  std::size_t pages = 0;
  for (const auto& entry : std::filesystem::directory_iterator(MILLRACE_SOURCE_DIR "/docs/guide"))
    pages += entry.path().filename() != "README.md";
  EXPECT_EQ(pages, 10u);
}

TEST(Tutorial, ShowsTheFileThatItRuns) {
  const auto file = read_file(MILLRACE_SOURCE_DIR "/examples/churn/churn.yaml", 1 << 20);
  ASSERT_TRUE(file);
  for (const auto& block : blocks_of("tutorial.md"))
    if (block.language == "yaml") EXPECT_EQ(block.text, *file) << block.place;
}

}  // namespace
}  // namespace millrace::e2e
