// Text that means harm: each is refused within a second, in bounded memory, with an error that says
// why.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "engine/spec/load.h"
#include "operators/catalog.h"

namespace millrace {
namespace {

std::string repeated(const std::string& text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

long peak_memory_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

/// Sanitizers slow the code down by about ten. GCC tells of them by macros, clang by features.
#if defined(__has_feature)
#define MILLRACE_HAS_FEATURE(name) __has_feature(name)
#else
#define MILLRACE_HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    MILLRACE_HAS_FEATURE(address_sanitizer) || MILLRACE_HAS_FEATURE(thread_sanitizer)
constexpr double kMaxSeconds = 10;
#else
constexpr double kMaxSeconds = 1;
#endif

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

std::vector<Diagnostic> diagnose(const std::string& text) {
  const double start = cpu_seconds();
  const long before = peak_memory_kib();
  const LoadedDag loaded = load_dag(text, "x.yaml", builtin_catalog());
  EXPECT_LT(cpu_seconds() - start, kMaxSeconds);
  EXPECT_LT(peak_memory_kib() - before, 1'000'000);
  EXPECT_FALSE(loaded.spec);
  EXPECT_LE(loaded.diagnostics.size(), 201u);
  return loaded.diagnostics;
}

void expect_code(const std::string& text, const std::string& code, const std::string& message) {
  const auto diagnostics = diagnose(text);
  ASSERT_FALSE(diagnostics.empty());
  EXPECT_EQ(diagnostics[0].code, code) << to_string(diagnostics[0]);
  EXPECT_NE(to_string(diagnostics[0]).find(message), std::string::npos)
      << to_string(diagnostics[0]);
}

TEST(Hostile, DeepNestingOfEveryKind) {
  for (const std::string& text :
       {repeated("[", 300'000), repeated("{a: ", 100'000), repeated("- ", 300'000),
        repeated("? ", 300'000), repeated("!!seq [", 100'000), repeated("&a [", 100'000),
        "a: " + repeated("[", 70) + repeated("]", 70), repeated("{? ", 100'000),
        repeated("[a: ", 100'000)})
    expect_code(text, "too-deep", "nested deeper than 64 levels");
  std::string stairs;
  for (std::size_t i = 0; i < 1000; ++i) stairs += std::string(i, ' ') + "a:\n";
  expect_code(stairs, "too-deep", "nested deeper than 64 levels");
}

TEST(Hostile, BillionLaughs) {
  std::string text = "dag: lol\na0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + repeated(last + ", ", 9) +
            last + "]\n";
  }
  expect_code(text, "too-many-values", "counting what its aliases stand for");
  std::string long_text =
      "a: &a \"" + std::string(500'000, 'x') + "\"\nb: [" + repeated("*a, ", 50'000) + "]\n";
  expect_code(long_text, "too-many-values", "bytes, counting what its aliases stand for");
}

TEST(Hostile, AnAliasOfItself) {
  const auto diagnostics = diagnose("dag: x\na: &a [*a]\n");
  ASSERT_EQ(diagnostics.size(), 1u);
  EXPECT_EQ(diagnostics[0].code, "bad-alias");
  EXPECT_EQ(diagnostics[0].line, 2);
}

TEST(Hostile, LargeText) {
  expect_code(std::string(2u << 20, 'a'), "too-large", "larger than 1048576 bytes");
}

TEST(Hostile, AHundredMegabyteFileIsNotReadWhole) {
  const auto path = std::filesystem::path(testing::TempDir()) / "millrace_large.yaml";
  { std::ofstream(path) << "dag: x\n"; }
  std::filesystem::resize_file(path, 100u << 20);  // sparse: takes no space
  const long before = peak_memory_kib();
  const Resource loaded = load_resource_file(path, builtin_catalog());
  std::filesystem::remove(path);
  ASSERT_EQ(loaded.diagnostics.size(), 1u);
  EXPECT_EQ(loaded.diagnostics[0].code, "too-large");
  EXPECT_LT(peak_memory_kib() - before, 20'000);
}

TEST(Hostile, InvalidUtf8NamesItsPlace) {
  expect_code("dag: x\ndoc: \"\xff\"\n", "not-utf8",
              "x.yaml:2:7: error: byte 0xff at offset 13 is not UTF-8");
  for (const char* bytes : {"\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\x80"})
    expect_code(std::string("dag: ") + bytes, "not-utf8", "is not UTF-8");
  expect_code(std::string("dag: a\0b\n", 9), "control-character", "0x00 at offset 6");
  expect_code(
      "\xff\xfe"
      "d",
      "not-utf8", "0xff at offset 0");
}

TEST(Hostile, ManyMistakesAreCutShort) {
  std::string text = "dag: x\ntasks:\n  a: {operator: noop}\n";
  for (int i = 0; i < 30'000; ++i) text += "unknown_key_number_" + std::to_string(i) + ": 1\n";
  const auto diagnostics = diagnose(text);
  EXPECT_EQ(diagnostics.back().code, "too-many-problems");
  std::string tasks = "dag: x\ntasks:\n";
  for (int i = 0; i < 9'000; ++i)
    tasks += "  task_with_a_long_name_" + std::to_string(i) + ": {operator: nop, needs: [tsk_" +
             std::to_string(i) + "], with: {a: \"${{ tasks.q" + std::to_string(i) + " }}\"}}\n";
  EXPECT_EQ(diagnose(tasks).back().code, "too-many-problems");
}

TEST(Hostile, TooManyTasks) {
  std::string text = "dag: x\ntasks:\n";
  for (int i = 0; i < 10'001; ++i) text += "  t" + std::to_string(i) + ": {operator: noop}\n";
  expect_code(text, "too-many-values", "10001 tasks");
}

TEST(Hostile, ALongChainThatReadsItsStart) {
  std::string text = "dag: x\ntasks:\n  t0: {operator: noop, needs: t9999}\n";
  for (int i = 1; i < 10'000; ++i)
    text +=
        "  t" + std::to_string(i) + ": {operator: noop, needs: t" + std::to_string(i - 1) + "}\n";
  expect_code(text, "cycle", "t0 -> t1 -> t2");
}

TEST(Hostile, ScalarsThatTakeTheParserLong) {
  for (const std::string& text :
       {"a: " + repeated("x ", 500'000), "\"" + repeated("\\n", 400'000),
        repeated("a: b\n", 200'000), repeated("#", 1'000'000), repeated("\n", 1'000'000),
        repeated("a", 1'000'000) + ": b", repeated("%YAML 1.2\n", 100'000),
        repeated("--- ", 250'000), repeated("*a ", 300'000), "a: |" + repeated("\n  x", 250'000),
        "[" + repeated("a, ", 300'000), repeated("'", 999'999), repeated("a:\n", 300'000),
        "dag: " + repeated("${{ ", 200'000), repeated("\t", 1'000'000)})
    diagnose(text);
}

}  // namespace
}  // namespace millrace
