// The pages that are worked through from top to bottom: each ```sh block runs in order, in one
// shell each, in the root of the repository, and must succeed. A block that starts an engine goes
// on in the background. Where a block without a language follows, it is the exact output.
#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <sstream>

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

class PageScript : public testing::TestWithParam<const char*> {
 protected:
  PageScript() {
    std::filesystem::create_directories(folder_.path() / "bin");
    std::filesystem::create_symlink(binary(), folder_.path() / "bin/millrace");
    std::filesystem::current_path(MILLRACE_SOURCE_DIR);
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
    if (block.language != "sh") continue;
    ++ran;
    const std::string start = "millrace up --dags ";
    if (block.text.starts_with(start)) {
      up_.emplace(state(), block.text.substr(start.size(), block.text.size() - start.size() - 1));
      continue;
    }
    const Finished told = run(block.text);
    ASSERT_EQ(told.exit_code, 0) << block.place << "\n" << block.text << told.out;
    if (i + 1 < blocks.size() && blocks[i + 1].language.empty())
      EXPECT_EQ(told.out, blocks[i + 1].text) << block.place;
  }
  EXPECT_GT(ran, 0) << "the page has no ```sh block";
}

INSTANTIATE_TEST_SUITE_P(Docs, PageScript, testing::Values("tutorial.md"));

TEST(Tutorial, ShowsTheFileThatItRuns) {
  const auto file = read_file(MILLRACE_SOURCE_DIR "/examples/churn/churn.yaml", 1 << 20);
  ASSERT_TRUE(file);
  for (const auto& block : blocks_of("tutorial.md"))
    if (block.language == "yaml") EXPECT_EQ(block.text, *file) << block.place;
}

}  // namespace
}  // namespace millrace::e2e
