// Traffic: who is answered by the candidate. Pure.
//
// An entity's place on the line [0, 1) is a stable hash of (seed, entity); the candidate serves the
// upper end of it, [1 - share, 1). So an entity keeps its version through restarts and from server
// to server, and raising the share moves entities to the candidate, never one back.
//
// The hash is GrowthBook's, version 2 (docs: "hashVersion 2"), so that an assignment can be checked
// with its SDKs: fnv1a32(text(fnv1a32(seed + value))) mod 10000 / 10000.
#pragma once

#include <cstdint>
#include <string_view>

namespace millrace::serve {

/// FNV-1a, 32 bits, over the bytes of `text`, from `basis` on (so that a text may come in pieces).
constexpr std::uint32_t fnv1a32(std::string_view text, std::uint32_t basis = 0x811c9dc5) {
  for (const char c : text) basis = (basis ^ static_cast<unsigned char>(c)) * 0x01000193;
  return basis;
}

/// In steps of 1/10000 over [0, 1).
double place(std::string_view seed, std::string_view entity);

/// `share` of the traffic for the candidate, 0 … 1.
bool is_candidate(double place, double share);

}  // namespace millrace::serve
