#include "engine/pg/array_text.h"
#include "engine/pg/roles.h"
#include "engine/pg/stored_rows.h"

namespace millrace::pg {
namespace {

class PgBackfillReader final : public BackfillReader {
 public:
  explicit PgBackfillReader(Shared& shared) : shared_(shared) {}

  Result<std::vector<BackfillRow>> backfills(const BackfillFilter& filter) override {
    // To the statement a nil id is the end of the list; nothing comes before it.
    if (filter.before && filter.before->is_nil()) return std::vector<BackfillRow>();
    Params params;
    params.add(filter.before.value_or(Uuid{})).add(filter.limit);
    params.add(filter.dag ? filter.dag->namespace_ : filter.namespace_);
    params.add(filter.dag ? filter.dag->name : std::string());
    params.add(filter.state ? name_of(*filter.state) : std::string_view());
    return list<BackfillRow>(shared_, "list_backfills", params);
  }

  Result<BackfillRow> backfill(const Uuid& id) override {
    return one<BackfillRow>(shared_, "get_backfill", Params().add(id),
                            "there is no backfill " + id.to_string());
  }

  Result<std::vector<BackfillRow>> open_backfills() override {
    return list<BackfillRow>(shared_, "list_open_backfills");
  }

  Result<std::vector<BackfillDateRow>> dates(const Uuid& backfill, std::size_t from,
                                             std::size_t limit) override {
    return list<BackfillDateRow>(shared_, "list_backfill_dates",
                                 Params().add(backfill).add(from).add(limit));
  }

  Result<DateFacts> facts(const DagKey& dag, std::span<const Time> dates) override {
    ArrayText asked;
    for (const Time date : dates) asked.add(date);
    MR_TRY(auto rows, list<DateFact>(shared_, "date_facts", key_params(dag).add(std::move(asked))));
    DateFacts out;
    for (DateFact& fact : rows) out.insert_or_assign(fact.date, fact);
    return out;
  }

 private:
  Shared& shared_;
};

}  // namespace

std::unique_ptr<BackfillReader> make_backfill_reader(Shared& shared) {
  return std::make_unique<PgBackfillReader>(shared);
}

}  // namespace millrace::pg
