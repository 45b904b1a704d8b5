#include "engine/exec/protocol.h"

#include <gtest/gtest.h>

#include "engine/exec/frame.h"

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

TEST(Protocol, RefusesWhatIsNoMessage) {
  for (const char* text : {"", "{", "[]", "{}", R"({"type":"start"} x)", R"({"type":7})"}) {
    EXPECT_FALSE(decode_runner_message(text).ok()) << text;
    EXPECT_FALSE(decode_engine_message(text).ok()) << text;
  }
}

TEST(Protocol, AnIllFormedOutcomeIsTheAttemptsErrorNotTheProtocols) {
  const auto message =
      decode_runner_message(R"({"type":"done","id":1,"outcome":{"outcome":"maybe"}})");
  ASSERT_TRUE(message.ok());
  EXPECT_FALSE(std::get<DoneMessage>(*message).outcome.ok());
}

}  // namespace
}  // namespace millrace::exec
