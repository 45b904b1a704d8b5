#include "engine/exec/protocol.h"

#include <gtest/gtest.h>

#include "engine/exec/frame.h"
#include "engine/exec/wire.h"

namespace millrace::exec {
namespace {

template <typename T, typename Message>
T through(const Message& message) {
  const std::string frame = *encode(message);
  const auto payload = std::string_view(frame).substr(kFrameHeaderBytes);
  if constexpr (std::is_same_v<Message, RunnerMessage>)
    return std::get<T>(*decode_runner_message(payload));
  else
    return std::get<T>(*decode_engine_message(payload));
}

TEST(Protocol, CarriesAStart) {
  StartMessage start;
  start.id = 9;
  start.op = "train";
  start.with = Json::object({{"seed", 1}});
  start.info.task_id = "t";
  start.info.checkpoint = Json::object({{"step", 3}});
  start.work_dir = "/w/1";
  start.memory_limit_bytes = 1 << 30;
  const auto back = through<StartMessage>(EngineMessage{start});
  EXPECT_EQ(back.id, 9);
  EXPECT_EQ(back.op, "train");
  EXPECT_EQ(back.with, start.with);
  EXPECT_EQ(back.info.task_id, "t");
  EXPECT_EQ(back.info.checkpoint, start.info.checkpoint);
  EXPECT_EQ(back.work_dir, "/w/1");
  EXPECT_EQ(back.memory_limit_bytes, 1 << 30);
}

TEST(Protocol, CarriesAnswersOfBothKinds) {
  EXPECT_EQ(*through<AnswerMessage>(EngineMessage{AnswerMessage{4, Json("yes")}}).value,
            Json("yes"));
  const auto refused =
      through<AnswerMessage>(EngineMessage{AnswerMessage{4, not_found("no such model")}});
  EXPECT_EQ(refused.value.error().code, ErrorCode::not_found);
  EXPECT_EQ(refused.value.error().message, "no such model");
}

TEST(Protocol, CarriesWhatARunnerSays) {
  EXPECT_EQ(through<HelloMessage>(RunnerMessage{HelloMessage{}}).protocol, kProtocolVersion);
  EXPECT_EQ(through<BeatMessage>(RunnerMessage{BeatMessage{123}}).rss_bytes, 123);
  EXPECT_EQ(through<QueryMessage>(RunnerMessage{QueryMessage{1, "artifact", Json(2)}}).name,
            "artifact");
  DoneMessage done{3, Outcome{Skip{"no data"}}, 77, true};
  const auto back = through<DoneMessage>(RunnerMessage{done});
  EXPECT_EQ(std::get<Skip>(*back.outcome).reason, "no data");
  EXPECT_EQ(back.rss_bytes, 77);
  EXPECT_TRUE(back.retire);
}

TEST(Protocol, CarriesWhenAnAttemptIs) {
  StartMessage start;
  start.info.has_interval = true;
  start.info.logical_date = *parse_rfc3339("2001-02-01T00:00:00.000001Z");
  start.info.data_interval_end = *parse_rfc3339("1901-02-01T00:00:00Z");
  const auto back = through<StartMessage>(EngineMessage{start});
  EXPECT_TRUE(back.info.has_interval);
  EXPECT_EQ(back.info.logical_date, start.info.logical_date);
  EXPECT_EQ(back.info.data_interval_end, start.info.data_interval_end);
  EXPECT_EQ(back.info.map_index, -1);
}

TEST(Protocol, CarriesOutcomesOfEveryKind) {
  const auto carried = [](Result<Outcome> outcome) {
    DoneMessage done;
    done.outcome = std::move(outcome);
    return outcome_text(through<DoneMessage>(RunnerMessage{done}).outcome);
  };
  for (const Result<Outcome>& outcome :
       {Result<Outcome>(Outcome{Done{}}), Result<Outcome>(Outcome{Done{Json(), {}}}),
        Result<Outcome>(Outcome{Done{Json::object({{"rows", 3}}), {}}}),
        Result<Outcome>(Outcome{Fail{invalid_argument("no"), Json::object({{"p", 0.5}}), {}}}),
        Result<Outcome>(Outcome{Defer{std::chrono::seconds(2), "", Json::object({{"n", 1}}), {}}}),
        Result<Outcome>(unavailable("away"))})
    EXPECT_EQ(carried(outcome), outcome_text(outcome));
}

TEST(Protocol, FramesMadeWithoutAllocationAreTheSame) {
  const auto text = [](const auto& frame) { return std::string(frame.data(), frame.size()); };
  EXPECT_EQ(text(beat_frame(0x123456789a)), *encode(RunnerMessage{BeatMessage{0x123456789a}}));
  EXPECT_EQ(text(memory_frame()), *encode(RunnerMessage{MemoryMessage{}}));
}

TEST(Protocol, RefusesWhatIsNoMessage) {
  for (const std::string& text : {std::string(), std::string("{}"), std::string(8, '\xff'),
                                  std::string("\x63") + std::string(7, '\0')}) {
    EXPECT_FALSE(decode_runner_message(text).ok()) << text;
    EXPECT_FALSE(decode_engine_message(text).ok()) << text;
  }
}

TEST(Protocol, RefusesAMessageThatIsCutOffOrGoesOn) {
  StartMessage start;
  start.op = "train";
  start.with = Json::object({{"seed", 1}});
  const std::string frame = *encode(EngineMessage{start});
  const std::string payload = frame.substr(kFrameHeaderBytes);
  ASSERT_TRUE(decode_engine_message(payload).ok());
  for (std::size_t size = 0; size < payload.size(); ++size)
    EXPECT_FALSE(decode_engine_message(payload.substr(0, size)).ok()) << size;
  EXPECT_FALSE(decode_engine_message(payload + "x").ok());
}

TEST(Protocol, RefusesAValueThatIsNoJson) {
  WireWriter query;
  query.put(std::int64_t{1});  // QueryMessage
  query.put(std::int64_t{7});
  query.put(std::string_view("artifact"));
  query.put(std::string_view("{nonsense"));
  EXPECT_FALSE(decode_runner_message(query.take()).ok());
}

TEST(Protocol, RefusesANumberThatDoesNotFitItsField) {
  const auto hello = [](std::int64_t protocol) {
    WireWriter out;
    out.put(std::int64_t{0});  // HelloMessage
    out.put(protocol);
    return decode_runner_message(out.take());
  };
  ASSERT_TRUE(hello(kProtocolVersion).ok());
  // Cut to 32 bits, this would be the version of now.
  EXPECT_FALSE(hello((std::int64_t{1} << 32) + kProtocolVersion).ok());
}

TEST(Protocol, RefusesAFlagThatIsNeitherTrueNorFalse) {
  const auto done = [](std::int64_t retire) {
    WireWriter out;
    out.put(std::int64_t{4});  // DoneMessage
    out.put(std::int64_t{1});
    out.put(std::string_view());
    out.put(std::int64_t{0});
    out.put(retire);
    return decode_runner_message(out.take());
  };
  ASSERT_TRUE(done(1).ok());
  EXPECT_FALSE(done(2).ok());
}

TEST(Protocol, AnIllFormedOutcomeIsTheAttemptsErrorNotTheProtocols) {
  WireWriter done;
  done.put(std::int64_t{4});  // DoneMessage
  done.put(std::int64_t{1});
  done.put(Json::object({{"kind", "maybe"}}));
  done.put(std::int64_t{0});
  done.put(std::int64_t{0});
  const auto message = decode_runner_message(done.take());
  ASSERT_TRUE(message.ok());
  EXPECT_FALSE(std::get<DoneMessage>(*message).outcome.ok());
}

}  // namespace
}  // namespace millrace::exec
