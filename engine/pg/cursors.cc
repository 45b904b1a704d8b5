#include "engine/pg/roles.h"

namespace millrace::pg {
namespace {

class PgCursors final : public Cursors {
 public:
  explicit PgCursors(Shared& shared) : shared_(shared) {}

  Result<std::optional<std::int64_t>> cursor(std::string_view follower) override {
    MR_TRY(const auto found, list<std::int64_t>(shared_, "read_cursor", Params().add(follower)));
    return found.empty() ? std::nullopt : std::optional(found.front());
  }
  Status save_cursor(std::string_view follower, std::int64_t seq) override {
    return shared_.database.run<void>([&](Session& session) -> Status {
      session.exec("save_cursor", Params().add(follower).add(seq));
      return {};
    });
  }

 private:
  Shared& shared_;
};

}  // namespace

std::unique_ptr<Cursors> make_cursors(Shared& shared) {
  return std::make_unique<PgCursors>(shared);
}

}  // namespace millrace::pg
