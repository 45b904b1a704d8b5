// ./run roundtrip: random tables, by seed, written in many dialects and read back.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/roundtrip/check.h"

namespace {

using millrace::roundtrip::Checker;
using millrace::roundtrip::Tally;

struct Arguments {
  std::uint64_t tables = 10'000;
  std::uint64_t seed = 1;
  std::uint64_t parquet = 10;  // of so many tables one goes through Parquet as well; 0: none
  std::size_t threads = std::max(1U, std::thread::hardware_concurrency());
};

bool parse(int count, char** texts, Arguments& out) {
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string name = texts[i];
    const std::uint64_t value = std::strtoull(texts[i + 1], nullptr, 10);
    if (name == "--tables")
      out.tables = value;
    else if (name == "--seed")
      out.seed = value;
    else if (name == "--parquet-every")
      out.parquet = value;
    else if (name == "--threads")
      out.threads = std::max<std::size_t>(1, value);
    else
      return false;
  }
  return count % 2 == 1;
}

std::filesystem::path scratch_folder() {
  const std::filesystem::path memory = "/dev/shm";
  const auto base =
      ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
  return base / ("millrace-roundtrip-" + std::to_string(::getpid()));
}

struct Totals {
  std::mutex mutex;
  Tally tally, parquet;
  std::uint64_t differences = 0;
};

void add(Tally& to, const Tally& from) {
  to.tables += from.tables;
  to.refused += from.refused;
  to.cells += from.cells;
}

void print(const char* what, const Tally& tally) {
  std::printf("%s: %llu tables, %llu values, %llu refused with place and cure\n", what,
              static_cast<unsigned long long>(tally.tables),
              static_cast<unsigned long long>(tally.cells),
              static_cast<unsigned long long>(tally.refused));
}

void work(const Arguments& arguments, const std::filesystem::path& folder,
          std::atomic<std::uint64_t>& next, Totals& totals) {
  std::filesystem::create_directories(folder);
  Checker checker(folder);
  Tally tally, parquet;
  const auto note = [&](const std::optional<std::string>& why) {
    if (!why) return;
    const std::scoped_lock lock(totals.mutex);
    if (++totals.differences <= 20) std::printf("%s\n", why->c_str());
  };
  for (std::uint64_t i = next++; i < arguments.tables; i = next++) {
    note(checker.check(arguments.seed + i, tally));
    if (arguments.parquet > 0 && i % arguments.parquet == 0)
      note(checker.check_parquet(arguments.seed + i, parquet));
  }
  const std::scoped_lock lock(totals.mutex);
  add(totals.tally, tally);
  add(totals.parquet, parquet);
}

}  // namespace

int main(int count, char** texts) {
  Arguments arguments;
  if (!parse(count, texts, arguments)) {
    std::fprintf(stderr,
                 "usage: roundtrip [--tables N] [--seed S] [--threads N] [--parquet-every N]\n");
    return 2;
  }
  const auto folder = scratch_folder();
  const auto start = std::chrono::steady_clock::now();
  std::atomic<std::uint64_t> next = 0;
  Totals totals;
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < arguments.threads; ++t)
      threads.emplace_back([&, t] { work(arguments, folder / std::to_string(t), next, totals); });
  }
  std::filesystem::remove_all(folder);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  print("CSV and JSON lines", totals.tally);
  print("Parquet", totals.parquet);
  std::printf("%llu differences, %.0f s (%.0f tables/s)\n",
              static_cast<unsigned long long>(totals.differences), took.count(),
              static_cast<double>(totals.tally.tables + totals.parquet.tables) / took.count());
  return totals.differences == 0 ? 0 : 1;
}
