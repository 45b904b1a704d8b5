// millrace_model: explores the model of the engine, and then each variant that is broken on
// purpose; prints how many states there are, and the shortest way to what goes wrong.
//
//   millrace_model [faults cancels retries deferrals holds]    of one world; else of all standard
//   ones
#include <cstdio>
#include <cstdlib>

#include "tests/model/explore.h"

using namespace millrace::model;

namespace {

bool holds(const Bounds& bounds) {
  const Findings findings = explore(Rules{}, bounds);
  std::printf("%d faults, %d cancels, %d retries, %d defers, %d holds: %s\n", bounds.faults,
              bounds.cancels, bounds.retries, bounds.defers, bounds.holds, findings.text().c_str());
  std::fflush(stdout);
  return findings.complete && findings.broken == Invariant::none;
}

bool breaks(const Variant& variant) {
  const Findings findings = explore(variant.rules, variant.bounds);
  std::printf("without %s: %s\n", variant.name.c_str(), findings.text().c_str());
  return findings.broken == variant.breaks;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 6) {
    const auto number = [&](int i) { return std::atoi(argv[i]); };
    return holds({number(1), number(2), number(3), number(4), number(5), 50'000'000}) ? 0 : 1;
  }
  bool as_expected = true;
  for (const Bounds& bounds : standard_worlds()) as_expected = holds(bounds) && as_expected;
  for (const Variant& variant : broken_variants()) as_expected = breaks(variant) && as_expected;
  return as_expected ? 0 : 1;
}
