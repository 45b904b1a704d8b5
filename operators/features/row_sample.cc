#include "operators/features/row_sample.h"

namespace millrace {
namespace {

/// The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): every bit of the input changes
/// half of the output.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// 64 bits of one row: the seed, the time in microseconds, then the hash of each key in order.
class RowHash {
 public:
  RowHash(std::int64_t seed, std::int64_t micros)
      : state_(mix(mix(static_cast<std::uint64_t>(seed)) ^ static_cast<std::uint64_t>(micros))) {}
  void add(std::uint64_t key_hash) { state_ = mix(state_ ^ key_hash); }
  /// In the sample of this share of all rows?
  bool in_share(double share) const {
    constexpr double kTwoToMinus53 = 1.0 / 9007199254740992.0;
    return static_cast<double>(mix(state_) >> 11) * kTwoToMinus53 < share;
  }

 private:
  std::uint64_t state_;
};

}  // namespace

std::uint64_t text_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const unsigned char byte : text) hash = (hash ^ byte) * 0x100000001b3u;
  return hash;
}

std::vector<double> sample_rows(const std::vector<std::int64_t>& micros,
                                const std::vector<const data::ColumnData*>& keys, std::int64_t seed,
                                double share) {
  // Each distinct text is hashed once.
  std::vector<std::vector<std::uint64_t>> hashes(keys.size());
  for (std::size_t k = 0; k < keys.size(); ++k)
    for (const auto& text : keys[k]->dictionary) hashes[k].push_back(text_hash(text));
  std::vector<double> out(micros.size());
  for (std::size_t row = 0; row < micros.size(); ++row) {
    RowHash hash(seed, micros[row]);
    for (std::size_t k = 0; k < keys.size(); ++k) {
      const std::uint32_t code = keys[k]->codes[row];
      hash.add(code == data::kNullCode ? 0 : hashes[k][code]);
    }
    out[row] = hash.in_share(share) ? 1 : 0;
  }
  return out;
}

}  // namespace millrace
