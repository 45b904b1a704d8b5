// millrace_chaos: faults on the real thing, for as long as one likes.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "tests/chaos/attacks.h"
#include "tests/chaos/battle.h"

namespace {

using namespace millrace::chaos;

struct Goal {
  const char* what;
  double seconds;
};
constexpr Goal kGoals[] = {{"runner death", 0.1},
                           {"fail-over", 2.0},
                           {"hung runner, beyond the deadline", 1.0},
                           {"last program of a deposed engine", 1.0}};

void print(const BattleReport& report) {
  std::printf("\n%-55s %8s\n", "FAULT", "INJECTED");
  for (const auto& [name, count] : report.faults) std::printf("%-55s %8d\n", name.c_str(), count);
  std::printf("%-55s %8d\n\n", "all", report.fault_count());
  if (!report.points.empty()) std::printf("%-55s %8s\n", "FAULT POINT", "DEATHS");
  for (const auto& [name, count] : report.points) std::printf("%-55s %8d\n", name.c_str(), count);

  std::printf("\n%-35s %7s %10s %10s %10s %10s\n", "TIME", "COUNT", "MEDIAN", "P95", "MAX", "GOAL");
  for (const auto& goal : kGoals) {
    const auto found = report.seconds.find(goal.what);
    if (found == report.seconds.end()) continue;
    auto times = found->second;
    std::ranges::sort(times);
    const auto at = [&](double share) {
      return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
    };
    std::printf("%-35s %7zu %8.3f s %8.3f s %8.3f s %8.1f s\n", goal.what, times.size(), at(0.5),
                at(0.95), times.back(), goal.seconds);
  }
  const auto& tally = report.judgement.tally;
  std::printf(
      "\n%d runs accepted; %d runs, %d tasks, %d attempts, %d events in the journal, %d "
      "late results refused\n",
      report.runs_accepted, tally.runs, tally.tasks, tally.attempts, tally.events, tally.rejected);
  for (const auto& complaint : report.complaints) std::printf("BROKEN: %s\n", complaint.c_str());
  if (report.judgement.violation)
    std::printf("BROKEN: %s\n", report.judgement.violation->text().c_str());
  std::puts(report.clean() ? "the oracle is content" : "promises were broken");
}

bool print(const AttackReport& report) {
  std::printf("%s: %d\n", report.name.c_str(), report.made);
  for (const auto& [what, count] : report.counts)
    std::printf("  %-40s %8lld\n", what.c_str(), static_cast<long long>(count));
  for (const auto& complaint : report.complaints) std::printf("BROKEN: %s\n", complaint.c_str());
  return report.complaints.empty();
}

struct Attacks {
  int cuts = 3, flips = 12, sets = 3, fail_overs = 8;
};

bool attack(const BattleOptions& battle, const Attacks& attacks, bool verbose) {
  const auto options = [&](const char* name, int times) {
    AttackOptions out{.folder = battle.folder / name, .times = times, .seed = battle.seed};
    if (verbose)
      out.progress = [](const std::string& line) {
        std::puts(line.c_str());
        std::fflush(stdout);
      };
    return out;
  };
  bool kept = true;
  const auto& [cuts, flips, sets, fail_overs] = attacks;
  if (cuts > 0) kept &= print(cut_power(options("power-cuts", cuts)));
  if (flips > 0) kept &= print(flip_bits(options("bit-flips", flips)));
  if (sets > 0) kept &= print(set_clocks(options("clocks-1", sets), 1));
  if (sets > 0) kept &= print(set_clocks(options("clocks-2", sets), 2));
  if (fail_overs > 0) kept &= print(fail_over(options("fail-overs", fail_overs)));
  return kept;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Injects faults into two real engines and a real PostgreSQL, and judges what is left");
  BattleOptions options;
  double minutes = 1;
  // PostgreSQL's user must be able to enter it, which the home folder of root does not allow.
  std::string folder = (std::filesystem::temp_directory_path() / "millrace-chaos").string();
  bool verbose = false;
  options.seed = millrace::system_entropy();
  app.add_option("--minutes", minutes,
                 "How long faults are injected into two engines; 0: not at all")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Which faults are drawn; none: another each time");
  app.add_option("--folder", folder, "Where all of it happens; emptied first")
      ->capture_default_str();
  app.add_flag("--namespaces", options.namespaces,
               "Each engine in a PID namespace of its own, both with one name (needs root)");
  app.add_flag("--verbose", verbose, "A line for each fault");
  Attacks attacks;
  app.add_option("--power-cuts", attacks.cuts, "Then: power cuts of an engine of its own")
      ->capture_default_str();
  app.add_option("--bit-flips", attacks.flips, "Then: single bits flipped in artifacts")
      ->capture_default_str();
  app.add_option("--set-clocks", attacks.sets, "Then: clocks set by -40 to +40 days, twice as many")
      ->capture_default_str();
  app.add_option("--failovers", attacks.fail_overs,
                 "Then: fail-overs of two engines while schedules fire each second and minute")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  millrace::log::configure(millrace::log::Severity::error, millrace::log::Format::text);
  options.folder = std::filesystem::absolute(folder);
  options.time = std::chrono::seconds(static_cast<long>(minutes * 60));
  std::printf("seed %llu, %.1f minutes, in %s\n", static_cast<unsigned long long>(options.seed),
              minutes, options.folder.c_str());
  if (verbose) options.progress = [](const std::string& line) { std::puts(line.c_str()); };
  try {
    bool clean = true;
    if (minutes > 0) {
      const BattleReport report = fight(options);
      print(report);
      clean = report.clean();
    }
    options.folder += "-attacks";
    return attack(options, attacks, verbose) && clean ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "millrace_chaos: %s\n", error.what());
    return 70;
  }
}
