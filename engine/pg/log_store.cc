#include "engine/base/fault_point.h"
#include "engine/pg/roles.h"
#include "engine/store/log_text.h"

namespace millrace::pg {
namespace {

constexpr int kPiecesPerPage = 256;

class PgLogStore final : public LogStore {
 public:
  explicit PgLogStore(Shared& shared) : shared_(shared) {}

  Status append(std::span<const LogChunk> chunks) override {
    if (chunks.empty()) return {};
    ArrayText run, task, map_index, attempt, first_byte, text, at;
    for (const LogChunk& chunk : chunks) {
      run.add(chunk.run);
      task.add(chunk.task);
      map_index.add(chunk.map_index);
      attempt.add(chunk.attempt);
      first_byte.add(chunk.offset);
      text.add_bytes(chunk.text);
      at.add(chunk.at);
    }
    Params params;
    for (ArrayText* column : {&run, &task, &map_index, &attempt, &first_byte, &text, &at})
      params.add(std::move(*column));
    return shared_.database.run<void>([&](Session& session) -> Status {
      session.exec("put_log", params);
      pass(FaultPoint::log_written);
      return {};
    });
  }

  Result<std::string> read(const Uuid& run, std::string_view task, int map_index, int attempt,
                           std::int64_t offset, std::size_t limit) override {
    return shared_.database.run<std::string>([&](Session& session) -> Result<std::string> {
      LogText text(offset, limit);
      for (std::int64_t from = offset;;) {
        const Rows rows = session.exec(
            "read_log",
            Params().add(run).add(task).add(map_index).add(attempt).add(from).add(kPiecesPerPage));
        for (std::size_t i = 0; i < rows.size(); ++i)
          if (!text.add(rows.at(i, 0).number(), rows.at(i, 1).bytes()))
            return std::move(text).take();
        if (rows.size() < kPiecesPerPage) return std::move(text).take();
        from = rows.at(rows.size() - 1, 0).number();
      }
    });
  }

  Result<std::int64_t> length(const Uuid& run, std::string_view task, int map_index,
                              int attempt) override {
    return shared_.database.run<std::int64_t>([&](Session& session) -> Result<std::int64_t> {
      const Rows rows =
          session.exec("log_length", Params().add(run).add(task).add(map_index).add(attempt));
      return rows.empty() ? 0 : rows.at(0, 0).number();
    });
  }

 private:
  Shared& shared_;
};

}  // namespace

std::unique_ptr<LogStore> make_log_store(Shared& shared) {
  return std::make_unique<PgLogStore>(shared);
}

}  // namespace millrace::pg
