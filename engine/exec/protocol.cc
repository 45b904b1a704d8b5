#include "engine/exec/protocol.h"

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>

#include "engine/exec/frame.h"
#include "engine/exec/wire.h"

namespace millrace::exec {
namespace {

// --- a field, there and back -------------------------------------------------------------------

bool says_nothing(const Result<Outcome>& outcome) {
  const Done* done = outcome ? std::get_if<Done>(&*outcome) : nullptr;
  return done != nullptr && done->outputs == Json::object() && done->effects.empty();
}

/// Null for the outcome that most attempts have: done, and nothing else to say.
void put(WireWriter& to, const Result<Outcome>& outcome) {
  to.put(std::string_view(says_nothing(outcome) ? "" : outcome_text(outcome)));
}

/// An outcome that does not read well (an effect with a malformed digest) is the operator's error.
void take(WireReader& from, Result<Outcome>& outcome) {
  if (const Json json = from.json(); json.is_null())
    outcome = Outcome{Done{}};
  else
    outcome = outcome_from_json(json);
}

void put(WireWriter& to, const Result<Json>& answer) {
  to.put(std::int64_t{answer.ok()});
  to.put(answer ? *answer : to_json(answer.error()));
}

void take(WireReader& from, Result<Json>& answer) {
  const bool ok = from.integer() != 0;
  Json json = from.json();
  if (ok)
    answer = std::move(json);
  else
    answer = error_from_json(json);
}

template <typename Value>
void put(WireWriter& to, const Value& value) {
  if constexpr (std::is_integral_v<Value>)
    to.put(static_cast<std::int64_t>(value));
  else if constexpr (std::is_same_v<Value, std::string>)
    to.put(std::string_view(value));
  else if constexpr (std::is_same_v<Value, Json>)
    to.put(value);
  else if constexpr (std::is_same_v<Value, Time>)
    to.put(std::int64_t{value.time_since_epoch().count()});
  else
    for_each_field<Value>([&](const auto& field) { put(to, value.*field.get); });
}

template <typename Value>
void take_integer(WireReader& from, Value& value) {
  const std::int64_t given = from.integer();
  const auto lowest = std::int64_t{std::numeric_limits<Value>::min()};
  const auto highest = std::int64_t{std::numeric_limits<Value>::max()};
  if (given < lowest || given > highest) return from.refuse();
  value = static_cast<Value>(given);
}

template <typename Value>
void take(WireReader& from, Value& value) {
  if constexpr (std::is_integral_v<Value>)
    take_integer(from, value);
  else if constexpr (std::is_same_v<Value, std::string>)
    value = from.text();
  else if constexpr (std::is_same_v<Value, Json>)
    value = from.json();
  else if constexpr (std::is_same_v<Value, Time>)
    value = Time{Duration{from.integer()}};
  else
    for_each_field<Value>([&](const auto& field) { take(from, value.*field.get); });
}

// --- a message: its number among those of its side, and its fields -----------------------------

template <typename Message>
Result<std::string> encode_any(const Message& message) {
  WireWriter out;
  put(out, message.index());
  std::visit([&](const auto& one) { put(out, one); }, message);
  return make_frame(out.take());
}

template <typename Message, std::size_t... Numbers>
bool take_numbered(WireReader& from, Message& message, std::int64_t number,
                   std::index_sequence<Numbers...>) {
  return ((number == std::int64_t{Numbers} &&
           (take(from, message.template emplace<Numbers>()), true)) ||
          ...);
}

template <typename Message>
Result<Message> decode_any(std::string_view payload) {
  constexpr auto kNumbers = std::make_index_sequence<std::variant_size_v<Message>>();
  WireReader from(payload);
  Message message;
  const std::int64_t number = from.integer();
  if (!take_numbered(from, message, number, kNumbers) || !from.at_end())
    return make_error(ErrorCode::data_invalid,
                      "a message with the number " + std::to_string(number) + " and " +
                          std::to_string(payload.size()) + " bytes is none of the protocol");
  return message;
}

template <std::size_t kSize>
std::array<char, kSize> small_frame(std::initializer_list<std::int64_t> integers) {
  std::array<char, kSize> frame{};
  char* at = frame.data();
  const auto add = [&](std::size_t value, std::size_t bytes) {
    write_number(at, value, bytes);
    at += bytes;
  };
  add(kSize - kFrameHeaderBytes, kFrameHeaderBytes);
  for (const std::int64_t value : integers) add(static_cast<std::size_t>(value), sizeof value);
  return frame;
}

/// The number of a message without a value of it.
template <typename One, typename... Ones>
constexpr std::int64_t number_of(const std::variant<Ones...>*) {
  std::int64_t number = 0;
  const bool found = ((std::is_same_v<One, Ones> || (++number, false)) || ...);
  return found ? number : -1;
}
template <typename One>
constexpr std::int64_t kNumber = number_of<One>(static_cast<RunnerMessage*>(nullptr));

}  // namespace

Result<std::string> encode(const RunnerMessage& message) { return encode_any(message); }
Result<std::string> encode(const EngineMessage& message) { return encode_any(message); }

BeatFrame beat_frame(std::int64_t rss_bytes) {
  return small_frame<sizeof(BeatFrame)>({kNumber<BeatMessage>, rss_bytes});
}

MemoryFrame memory_frame() { return small_frame<sizeof(MemoryFrame)>({kNumber<MemoryMessage>}); }

Result<RunnerMessage> decode_runner_message(std::string_view payload) {
  return decode_any<RunnerMessage>(payload);
}

Result<EngineMessage> decode_engine_message(std::string_view payload) {
  auto message = decode_any<EngineMessage>(payload);
  if (auto* start = message ? std::get_if<StartMessage>(&*message) : nullptr)
    start->output = start->output == 0 ? 0 : 1;
  return message;
}

}  // namespace millrace::exec
