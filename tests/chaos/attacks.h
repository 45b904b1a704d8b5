// Attacks on what is kept: power cuts, flipped bits, set clocks and fail-overs. Each works on an
// engine of its own, and afterwards compares what is there with what had been promised.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace millrace::chaos {

struct AttackOptions {
  std::filesystem::path folder;  // of its own; what was in it is removed
  int times = 1;
  std::uint64_t seed = 1;
  std::function<void(const std::string& line)> progress = [](const std::string&) {};
};

struct AttackReport {
  std::string name;
  int made = 0;
  std::map<std::string, std::int64_t> counts;  // what was promised and compared
  std::vector<std::string> complaints;         // promises that were broken
};

/// No acknowledged trigger, artifact, log line or spooled prediction is missing after a power cut.
AttackReport cut_power(const AttackOptions& options);
/// Each bit that is flipped in an artifact is named as damage by whatever reads it.
AttackReport flip_bits(const AttackOptions& options);
/// Clocks are set by -40 to +40 days, with one engine or with two: no history is dropped, no date
/// of a schedule comes twice, a healthy leader stays, and the schedule goes on.
AttackReport set_clocks(const AttackOptions& options, int engines);
/// Leaders are killed, stopped, frozen and cut off while schedules fire each second and each
/// minute: each date that falls due has exactly one run.
AttackReport fail_over(const AttackOptions& options);

}  // namespace millrace::chaos
