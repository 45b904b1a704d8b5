// Bytes on the socket between engine and runner: frames and messages are read or refused, and what
// was read can be written and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/exec/frame.h"
#include "engine/exec/protocol.h"

namespace {

using namespace millrace;

template <typename Message>
void write_and_read_again(const Message& message, auto decode) {
  const auto frame = exec::encode(message);
  if (!frame) return;
  exec::FrameReader reader;
  reader.feed(*frame);
  const auto payload = reader.next();
  if (!payload || !*payload || !decode(**payload)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  exec::FrameReader frames;
  for (std::size_t at = 0; at < size; at += 7) frames.feed(bytes.substr(at, 7));
  for (auto payload = frames.next(); payload && *payload; payload = frames.next())
    (void)exec::decode_runner_message(**payload);

  if (const auto message = exec::decode_runner_message(bytes))
    write_and_read_again(*message,
                         [](const auto& text) { return exec::decode_runner_message(text).ok(); });
  if (const auto message = exec::decode_engine_message(bytes))
    write_and_read_again(*message,
                         [](const auto& text) { return exec::decode_engine_message(text).ok(); });
  return 0;
}
