#include "engine/base/id.h"

#include <array>
#include <cstdio>

namespace millrace {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void put_hex(std::string& out, std::uint64_t value, int digits) {
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4)
    out += "0123456789abcdef"[(value >> shift) & 15];
}

std::int64_t millis_of(Time now) {
  return std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count();
}

constexpr int kCounterBits = 26;  // 12 in rand_a, 14 in front of rand_b
constexpr std::int64_t kStepBackMs = 10'000;

}  // namespace

Uuid UuidSource::next(Time now, Rng& rng) {
  const std::int64_t millis = millis_of(now);
  const std::uint64_t first = rng.next() >> (64 - kCounterBits + 1);  // half of the range is free
  if (millis > millis_ || millis < millis_ - kStepBackMs) {
    millis_ = millis;
    counter_ = first;
  } else if (++counter_ >> kCounterBits != 0) {
    ++millis_;
    counter_ = first;
  }
  return {static_cast<std::uint64_t>(millis_) << 16 | 0x7000 | counter_ >> 14,
          0x8000000000000000 | (counter_ & 0x3fff) << 48 | rng.next() >> 16};
}

Uuid Uuid::v7(Time now, Rng& rng) {
  const auto millis = static_cast<std::uint64_t>(millis_of(now));
  return {(millis << 16) | 0x7000 | (rng.next() & 0x0fff),
          (rng.next() & 0x3fffffffffffffff) | 0x8000000000000000};
}

Result<Uuid> Uuid::parse(std::string_view text) {
  const auto bad = [&] {
    return invalid_argument("'" + std::string(text.substr(0, 64)) + "' is not a UUID");
  };
  if (text.size() != 36) return bad();
  Uuid id;
  int digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') return bad();
      continue;
    }
    const int value = hex_value(text[i]);
    if (value < 0) return bad();
    auto& half = digits < 16 ? id.high : id.low;
    half = half << 4 | static_cast<std::uint64_t>(value);
    ++digits;
  }
  return id;
}

std::string Uuid::to_string() const {
  std::string out;
  out.reserve(36);
  put_hex(out, high >> 32, 8);
  out += '-';
  put_hex(out, high >> 16 & 0xffff, 4);
  out += '-';
  put_hex(out, high & 0xffff, 4);
  out += '-';
  put_hex(out, low >> 48, 4);
  out += '-';
  put_hex(out, low & 0xffffffffffff, 12);
  return out;
}

std::string new_trace_id(Rng& rng) {
  std::string out;
  put_hex(out, rng.next() | 1, 16);
  put_hex(out, rng.next(), 16);
  return out;
}

std::string span_id_of(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a, 64 bits
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  std::string out;
  put_hex(out, hash == 0 ? 1 : hash, 16);
  return out;
}

}  // namespace millrace
