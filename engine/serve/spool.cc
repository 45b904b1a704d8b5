#include "engine/serve/spool.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/log.h"

namespace millrace::serve {
namespace {

constexpr std::size_t kMaxBatchBytes = 64u << 20;
constexpr int kMostSetAside = 100;  // a store that refuses everything must not fill the disk

}  // namespace

Spool::Spool(std::filesystem::path folder, std::int64_t max_bytes)
    : folder_(std::move(folder)), max_bytes_(max_bytes) {}

Result<std::unique_ptr<Spool>> Spool::open(std::filesystem::path folder, std::int64_t max_bytes) {
  MR_CHECK(make_durable_folders(folder));
  std::unique_ptr<Spool> spool(new Spool(std::move(folder), max_bytes));
  MR_CHECK(spool->lock());
  const MutexLock held(spool->mutex_);
  MR_CHECK(spool->scan());
  return spool;
}

Spool::~Spool() {
  if (lock_ >= 0) ::close(lock_);
}

Status Spool::lock() {
  const auto file = folder_ / "lock";
  lock_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0) return unavailable("cannot open '" + file.string() + "'");
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0)
    return conflict("the spool folder '" + folder_.string() +
                    "' belongs to another running model server; give each one its own");
  return {};
}

Status Spool::scan() {
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder_, error), end; !error && it != end;
       it.increment(error)) {
    const auto& path = it->path();
    std::error_code ignored;
    if (path.extension().string().starts_with(
            ".tmp")) {  // half a batch: the process died before it was counted
      std::filesystem::remove(path, ignored);
      continue;
    }
    if (path.extension() == ".bad") ++set_aside_;
    const auto id = Uuid::parse(path.stem().string());
    if (path.extension() != ".batch" || !id) continue;
    const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path, ignored));
    if (ignored) continue;
    sizes_[*id] = size;
    bytes_ += size;
  }
  if (error)
    return unavailable("cannot read the spool folder '" + folder_.string() +
                       "': " + error.message());
  return {};
}

std::filesystem::path Spool::file_of(const Uuid& id, std::string_view ending) const {
  return folder_ / (id.to_string() + std::string(ending));
}

void Spool::make_room(std::int64_t bytes) {
  while (!sizes_.empty() && bytes_ + bytes > max_bytes_) {
    const auto [id, size] = *sizes_.begin();
    log::error("the prediction spool is full: the oldest batch is lost",
               {{"batch", id.to_string()}, {"bytes", size}, {"spool_bytes", bytes_}});
    std::error_code ignored;
    std::filesystem::remove(file_of(id), ignored);
    bytes_ -= size;
    ++dropped_;
    sizes_.erase(sizes_.begin());
  }
}

bool Spool::is_full() const {
  const MutexLock lock(mutex_);
  return bytes_ >= max_bytes_;
}

Status Spool::put(const PredictionBatch& batch, Full full) {
  const std::string text = to_json(batch).dump();
  if (full == Full::drop_oldest) {
    const MutexLock lock(mutex_);
    make_room(static_cast<std::int64_t>(text.size()));
  }
  MR_CHECK(write_file_atomic(file_of(batch.id), text));
  const MutexLock lock(mutex_);
  sizes_[batch.id] = static_cast<std::int64_t>(text.size());
  bytes_ += static_cast<std::int64_t>(text.size());
  return {};
}

std::optional<PredictionBatch> Spool::oldest() {
  for (;;) {
    Uuid id;
    {
      const MutexLock lock(mutex_);
      if (sizes_.empty()) return {};
      id = sizes_.begin()->first;
    }
    const auto load = [&]() -> Result<PredictionBatch> {
      MR_TRY(const std::string text, read_file(file_of(id), kMaxBatchBytes));
      MR_TRY(const Json json, Json::parse(text));
      MR_TRY(PredictionBatch batch, prediction_batch_from_json(json));
      if (batch.id != id) return invalid_argument("the file holds another batch");
      return batch;
    };
    auto batch = load();
    if (batch) return *std::move(batch);
    set_aside(id, batch.error().message);
  }
}

void Spool::remove(const Uuid& id) {
  const MutexLock lock(mutex_);
  const auto found = sizes_.find(id);
  if (found == sizes_.end()) return;
  std::error_code ignored;
  std::filesystem::remove(file_of(id), ignored);
  bytes_ -= found->second;
  sizes_.erase(found);
}

void Spool::set_aside(const Uuid& id, std::string_view why) {
  log::error("a prediction batch is set aside", {{"batch", id.to_string()}, {"error", why}});
  const MutexLock lock(mutex_);
  std::error_code ignored;
  if (set_aside_ < kMostSetAside)
    std::filesystem::rename(file_of(id), file_of(id, ".bad"), ignored);
  else
    std::filesystem::remove(file_of(id), ignored);
  ++set_aside_;
  if (const auto found = sizes_.find(id); found != sizes_.end()) {
    bytes_ -= found->second;
    sizes_.erase(found);
  }
}

std::int64_t Spool::bytes() const {
  const MutexLock lock(mutex_);
  return bytes_;
}
std::size_t Spool::batches() const {
  const MutexLock lock(mutex_);
  return sizes_.size();
}
std::int64_t Spool::dropped_batches() const {
  const MutexLock lock(mutex_);
  return dropped_;
}

}  // namespace millrace::serve
