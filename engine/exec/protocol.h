// The messages between the engine and a runner, as data; each travels as one frame (frame.h), its
// fields one after the other (wire.h).
//
//   runner                         engine
//     ── hello {protocol} ──────────►      once, before anything else
//     ◄───────────── start {id, …} ──      at most one beyond the attempt that runs
//     ── query {id, name, args} ────►
//     ◄──────────── answer {id, …} ──
//     ◄─────────────── cancel {id} ──      the attempt should end by itself
//     ── beat {rss} ────────────────►      each second, from a thread of its own
//     ── memory ────────────────────►      an allocation failed under the attempt's limit
//     ── began {id, …} ─────────────►      the attempt has been at work for a moment
//     ── saved {id, state} ─────────►      for the next attempt, if this one does not succeed
//     ── done {id, outcome, …} ─────►      after everything that the attempt printed
//
// Before it begins an attempt, the runner notes that in a page that it shares with the engine
// (begin_page.h); what the engine has taken back there is passed over.
// The socket's end means that the other process is gone.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>

#include "engine/base/fields.h"
#include "engine/core/attempt.h"
#include "engine/core/outcome.h"

namespace millrace::exec {

/// Raised when a message changes: engine and runner are the same binary, unless it was replaced
/// under a running engine.
inline constexpr int kProtocolVersion = 7;
/// Outputs are stored in the journal; data belongs into artifacts.
inline constexpr std::size_t kMaxOutcomeBytes = 8u << 20;

struct HelloMessage {
  int protocol = kProtocolVersion;

  static constexpr auto fields() {
    return std::tuple{field("protocol", &HelloMessage::protocol, "Version")};
  }
};
struct StartMessage {
  std::int64_t id = 0;  // of this attempt on this runner
  std::string op;
  Json with;
  AttemptInfo info;
  std::string work_dir;  // of the runner; each attempt gets a new folder in it
  std::int64_t memory_limit_bytes = 0;
  int output = 0;  // to which of kRunnerOutputFds its stdout and stderr go

  static constexpr auto fields() {
    return std::tuple{field("id", &StartMessage::id, "Of this attempt on this runner"),
                      field("op", &StartMessage::op, "Operator"),
                      field("with", &StartMessage::with, "Its parameters"),
                      field("info", &StartMessage::info, "Who and when"),
                      field("work_dir", &StartMessage::work_dir, "Of the runner"),
                      field("memory_limit_bytes", &StartMessage::memory_limit_bytes, "0: no limit"),
                      field("output", &StartMessage::output, "Which output")};
  }
};
struct QueryMessage {
  std::int64_t id = 0;
  std::string name;
  Json arguments;

  static constexpr auto fields() {
    return std::tuple{field("id", &QueryMessage::id, "Of the query"),
                      field("name", &QueryMessage::name, "Which"),
                      field("arguments", &QueryMessage::arguments, "Its arguments")};
  }
};
struct AnswerMessage {
  std::int64_t id = 0;  // of the query
  Result<Json> value = Json();

  static constexpr auto fields() {
    return std::tuple{field("id", &AnswerMessage::id, "Of the query"),
                      field("value", &AnswerMessage::value, "Or the error")};
  }
};
struct CancelMessage {
  std::int64_t id = 0;  // of the attempt

  static constexpr auto fields() {
    return std::tuple{field("id", &CancelMessage::id, "Of the attempt")};
  }
};
struct BeatMessage {
  std::int64_t rss_bytes = 0;

  static constexpr auto fields() {
    return std::tuple{field("rss_bytes", &BeatMessage::rss_bytes, "Resident memory")};
  }
};
struct MemoryMessage {
  static constexpr auto fields() { return std::tuple{}; }
};
struct SavedMessage {
  std::int64_t id = 0;  // of the attempt
  std::string state;

  static constexpr auto fields() {
    return std::tuple{field("id", &SavedMessage::id, "Of the attempt"),
                      field("state", &SavedMessage::state, "For the next attempt")};
  }
};
struct DoneMessage {
  std::int64_t id = 0;  // of the attempt
  Result<Outcome> outcome = Outcome{Done{}};
  std::int64_t rss_bytes = 0;
  bool retire = false;  // the runner begins nothing else

  static constexpr auto fields() {
    return std::tuple{field("id", &DoneMessage::id, "Of the attempt"),
                      field("outcome", &DoneMessage::outcome, "How it ended"),
                      field("rss_bytes", &DoneMessage::rss_bytes, "Most resident memory"),
                      field("retire", &DoneMessage::retire, "Begins nothing else")};
  }
};

// A message travels with its place in its list as its number.
using RunnerMessage =
    std::variant<HelloMessage, QueryMessage, BeatMessage, MemoryMessage, DoneMessage, SavedMessage>;
using EngineMessage = std::variant<StartMessage, AnswerMessage, CancelMessage>;

/// A whole frame; `resource_exhausted` if it would be longer than kMaxFrameBytes.
Result<std::string> encode(const RunnerMessage& message);
Result<std::string> encode(const EngineMessage& message);
/// The frames of a BeatMessage and a MemoryMessage, made without an allocation: they must go out
/// also when memory is short.
using BeatFrame = std::array<char, 20>;
using MemoryFrame = std::array<char, 12>;
BeatFrame beat_frame(std::int64_t rss_bytes);
MemoryFrame memory_frame();
/// From a frame's payload; `data_invalid` if it is not one of the messages.
Result<RunnerMessage> decode_runner_message(std::string_view payload);
Result<EngineMessage> decode_engine_message(std::string_view payload);

}  // namespace millrace::exec
