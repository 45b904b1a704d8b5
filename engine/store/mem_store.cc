#include "engine/store/mem_store.h"

#include "engine/store/mem_state.h"

namespace millrace {

struct MemStore::Roles {
  explicit Roles(const Clock& clock) : state(clock) {}
  mem::State state;
  std::unique_ptr<Journal> journal = mem::make_journal(state);
  std::unique_ptr<Leadership> leadership = mem::make_leadership(state);
  std::unique_ptr<Inbox> inbox = mem::make_inbox(state);
  std::unique_ptr<RunReader> runs = mem::make_run_reader(state);
  std::unique_ptr<LogStore> logs = mem::make_log_store(state);
  std::unique_ptr<Registry> registry = mem::make_registry(state);
  std::unique_ptr<ServingStore> serving = mem::make_serving_store(state);
  std::unique_ptr<Cursors> cursors = mem::make_cursors(state);
  std::unique_ptr<BackfillReader> backfills = mem::make_backfill_reader(state);
};

MemStore::MemStore(const Clock& clock) : roles_(std::make_unique<Roles>(clock)) {}
MemStore::~MemStore() = default;

Stores MemStore::stores() {
  return {*roles_->journal, *roles_->leadership, *roles_->inbox,
          *roles_->runs,    *roles_->logs,       *roles_->registry,
          *roles_->serving, *roles_->cursors,    *roles_->backfills};
}

void MemStore::set_fault_hook(std::function<Fault(std::string_view)> hook) {
  const MutexLock lock(roles_->state.mutex);
  roles_->state.fault_hook =
      std::make_shared<std::function<Fault(std::string_view)>>(std::move(hook));
}

}  // namespace millrace
