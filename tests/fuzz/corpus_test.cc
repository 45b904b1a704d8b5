// Each fuzz target without libFuzzer: its whole corpus, and mutations of it that are the same every
// time. So what a long hunt found stays found, in the build that every test runs in.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/file.h"

extern "C" {
int fuzz_api_http(const std::uint8_t* data, std::size_t size);
int fuzz_cloud_event(const std::uint8_t* data, std::size_t size);
int fuzz_cron(const std::uint8_t* data, std::size_t size);
int fuzz_csv(const std::uint8_t* data, std::size_t size);
int fuzz_expression(const std::uint8_t* data, std::size_t size);
int fuzz_infer(const std::uint8_t* data, std::size_t size);
int fuzz_model(const std::uint8_t* data, std::size_t size);
int fuzz_protocol(const std::uint8_t* data, std::size_t size);
int fuzz_serve_http(const std::uint8_t* data, std::size_t size);
int fuzz_yaml(const std::uint8_t* data, std::size_t size);
}

namespace millrace {
namespace {

namespace fs = std::filesystem;

struct Target {
  const char* name;
  int (*give)(const std::uint8_t* data, std::size_t size);
  int mutations;  // as many as take about a second, unoptimised and sanitized
};
const Target kTargets[] = {
    {"api_http", fuzz_api_http, 300},
    {"cloud_event", fuzz_cloud_event, 3000},
    {"cron", fuzz_cron, 1000},
    {"csv", fuzz_csv, 50},
    {"expression", fuzz_expression, 3000},
    {"infer", fuzz_infer, 3000},
    {"model", fuzz_model, 3000},
    {"protocol", fuzz_protocol, 3000},
    {"serve_http", fuzz_serve_http, 300},
    {"yaml", fuzz_yaml, 1000},
};

fs::path folder() { return fs::path(MILLRACE_SOURCE_DIR) / "tests" / "fuzz"; }

/// Sorted by name, so that the mutations are the same on every machine.
std::vector<std::string> corpus_of(const std::string& target) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder() / "corpus" / target))
    files.push_back(entry.path());
  std::ranges::sort(files);
  std::vector<std::string> texts;
  for (const auto& file : files) texts.push_back(read_file(file, 1u << 20).value_or(""));
  return texts;
}

/// A few bytes changed, doubled, removed, or taken over from another input.
std::string mutated(std::string text, const std::vector<std::string>& corpus, Rng& rng) {
  const auto at = [&](const std::string& of) { return rng.below(of.size() + 1); };
  for (std::uint64_t left = 1 + rng.below(4); left > 0; --left) {
    const std::size_t place = at(text), length = rng.below(16);
    const std::string& other = corpus[rng.below(corpus.size())];
    switch (rng.below(5)) {
      case 0:
        if (place < text.size()) text[place] = static_cast<char>(rng.below(256));
        break;
      case 1:
        text.erase(place, length);
        break;
      case 2:
        text.insert(place, text.substr(place, length));
        break;
      case 3:
        text.insert(place, other.substr(at(other), length));
        break;
      default:
        text = text.substr(0, place) + other.substr(at(other));
    }
  }
  return text;
}

class FuzzCorpus : public ::testing::TestWithParam<Target> {};

TEST_P(FuzzCorpus, IsTakenWithoutHarm) {
  const Target& target = GetParam();
  const auto corpus = corpus_of(target.name);
  ASSERT_FALSE(corpus.empty());
  const fs::path last = fs::path(MILLRACE_BINARY_DIR) / (std::string("fuzz_input.") + target.name);
  std::printf("should it crash, the input is %s\n", last.c_str());
  const auto give = [&](const std::string& text) {
    std::ofstream(last, std::ios::binary | std::ios::trunc) << text;
    EXPECT_EQ(0, target.give(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
  };
  for (const auto& text : corpus) give(text);
  Rng rng(1);
  for (int i = 0; i < target.mutations; ++i)
    give(mutated(corpus[rng.below(corpus.size())], corpus, rng));
  fs::remove(last);
}

std::string name_of(const ::testing::TestParamInfo<Target>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Targets, FuzzCorpus, ::testing::ValuesIn(kTargets), name_of);

TEST(FuzzTargets, AreAllInThisTest) {
  std::set<std::string> here, there;
  for (const auto& target : kTargets) here.insert(target.name);
  for (const auto& entry : fs::directory_iterator(folder()))
    if (const std::string name = entry.path().filename(); name.ends_with("_fuzz.cc"))
      there.insert(name.substr(0, name.size() - std::string("_fuzz.cc").size()));
  EXPECT_EQ(there, here);
}

}  // namespace
}  // namespace millrace
