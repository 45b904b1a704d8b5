#include "operators/control/user_worker.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>

#include "engine/base/file.h"
#include "engine/base/process.h"
#include "engine/base/suggest.h"
#include "operators/control/program_outputs.h"
#include "operators/control/quoted_text.h"
#include "operators/control/subprocess.h"

namespace millrace::operators {
namespace {

using std::chrono::milliseconds;

constexpr int kWorkerSocketFd = 3, kFirstOutputFd = 4;  // in the worker
constexpr std::size_t kMostLineBytes = 8u << 20;        // in either direction
constexpr milliseconds kToLeave{300};
constexpr std::int64_t kWarmTasks = 20, kLookEvery = 50;
/// Times of files lag behind the clock by at most a tick of the kernel, 10 ms.
constexpr std::int64_t kFileClockLag_ns = 20'000'000;

void append_part(std::string& key, std::string_view part) {
  key.append(std::to_string(part.size())).append(":").append(part);
}

Error protocol_error(const WorkerSpec& spec, const std::string& what) {
  return make_error(ErrorCode::program_failed,
                    "the worker '" + spec.name() + "' " + what +
                        ". It was ended; docs/programs.md describes the protocol");
}

std::uint64_t own_memory_limit() {
  rlimit limit{};
  return getrlimit(RLIMIT_DATA, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

/// The answers that end a task.
bool ends_task(std::string_view type) {
  return type == "done" || type == "failed" || type == "skipped";
}

}  // namespace

std::string WorkerSpec::key() const {
  std::string out;
  for (const auto& part : argv) append_part(out, part);
  for (const auto& part : env) append_part(out, part);
  append_part(out, folder);
  append_part(out, isolation);
  return out;
}

UserWorker::UserWorker(pid_t pid, UniqueFd process, UniqueFd socket)
    : pid_(pid), process_(std::move(process)), socket_(std::move(socket)) {}

Result<std::unique_ptr<UserWorker>> UserWorker::start(const WorkerSpec& spec,
                                                      const KeptProcesses* kept) {
  std::vector<FileStamp> code;  // before it is read
  for (const auto& file : spec.code) code.push_back(stamp_of(file));
  if (!spec.script.empty()) {
    std::error_code problem;
    std::filesystem::create_directories(spec.script.parent_path(), problem);
    if (problem)
      return unavailable("cannot make '" + spec.script.parent_path().string() +
                         "': " + problem.message());
    MR_CHECK(write_file(spec.script, spec.script_text));
  }
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
    return unavailable(std::string("cannot make a socket for a worker: ") + std::strerror(errno));
  UniqueFd ours(sockets[0]);
  const UniqueFd theirs(sockets[1]);
  const UniqueFd input(open("/dev/null", O_RDONLY | O_CLOEXEC));
  ProcessSpec process;
  process.argv = spec.argv;
  process.environment = environment_with(spec.env);
  process.folder = spec.folder;
  process.descriptors = {{STDIN_FILENO, input.get()}, {kWorkerSocketFd, theirs.get()}};
  std::vector<int> outputs;
  if (kept != nullptr)
    for (const int output : kept->outputs()) {
      outputs.push_back(kFirstOutputFd + static_cast<int>(outputs.size()));
      process.descriptors.push_back({outputs.back(), output});
    }
  process.default_signals = {SIGINT, SIGPIPE};
  process.signal_on_parent_death = SIGKILL;
  MR_TRY(const pid_t pid, start_process(process));
  std::unique_ptr<UserWorker> worker(new UserWorker(pid, watch_process(pid), std::move(ours)));
  if (!worker->process_) return unavailable("cannot watch the worker '" + spec.name() + "'");
  worker->outputs_ = std::move(outputs);
  worker->memory_limit_ = own_memory_limit();
  worker->code_ = std::move(code);
  return worker;
}

UserWorker::~UserWorker() {
  socket_.reset();
  if (reaped_) return;
  if (!broken_) wait_for_exit(pid_, kToLeave);
  kill(-pid_, SIGKILL);
  kill(pid_, SIGKILL);
  reap(pid_);
}

bool UserWorker::is_fit(const WorkerSpec& spec, Time now) {
  if (broken_ || retires_ || last_id_ >= spec.recycle.tasks || now - started_ > spec.recycle.age)
    return false;
  if (last_id_ == kWarmTasks) baseline_bytes_ = resident_bytes();
  if (last_id_ > kWarmTasks && last_id_ % kLookEvery == 0 &&
      resident_bytes() - baseline_bytes_ > spec.recycle.growth_bytes)
    return false;
  return std::ranges::all_of(code_,
                             [](const FileStamp& file) { return stamp_of(file.path) == file; });
}

std::int64_t UserWorker::resident_bytes() const {
  const auto text = read_file("/proc/" + std::to_string(pid_) + "/statm", 1000);
  long size = 0, resident = 0;
  if (!text || std::sscanf(text->c_str(), "%ld %ld", &size, &resident) != 2) return 0;
  return resident * sysconf(_SC_PAGESIZE);
}

/// The limit of the task is the runner's own while the task runs; the worker began under that of
/// its first task.
void UserWorker::follow_memory_limit() {
  const std::uint64_t now = own_memory_limit();
  if (now == std::exchange(memory_limit_, now)) return;
  rlimit limit{};
  if (prlimit(pid_, RLIMIT_DATA, nullptr, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(now, limit.rlim_max);
  prlimit(pid_, RLIMIT_DATA, &limit, nullptr);
}

Result<Json> UserWorker::exchange(const Json& given, const WorkerSpec& spec, OperatorContext& ctx) {
  broken_ = true;  // until the answer is here
  ctx.on_cancel([pid = pid_] { kill(-pid, SIGTERM); });
  Result<Json> answer = [&]() -> Result<Json> {
    follow_memory_limit();
    if (!greeted_) MR_CHECK(greet(spec, ctx));
    Json task = given;
    const std::string function = task["function"].as_string();
    if (!functions_.empty() && std::ranges::find(functions_, function) == functions_.end())
      return permanent(invalid_argument("the worker '" + spec.name() + "' has no function '" +
                                        function + "'; it has: " + listed_names(functions_) +
                                        did_you_mean(function, functions_)));
    task.set("type", "task").set("id", ++last_id_);
    if (KeptProcesses* kept = ctx.kept(); kept != nullptr)
      for (std::size_t i = 0; i < outputs_.size(); ++i)
        if (kept->outputs()[i] == kept->output()) task.set("output", outputs_[i]);
    std::string line = task.dump();
    if (line.size() >= kMostLineBytes)
      return permanent(make_error(ErrorCode::resource_exhausted,
                                  "too_large: the inputs of the task have " +
                                      std::to_string(line.size()) +
                                      " bytes as JSON; a worker takes at most 8 MiB. Put data into "
                                      "an artifact, and pass it by `tables` or `files`"));
    MR_CHECK(send(std::move(line)));
    return answer_to(last_id_, spec, ctx);
  }();
  ctx.on_cancel(nullptr);
  if (ctx.cancelled()) return make_error(ErrorCode::cancelled, "cancelled");
  broken_ = !answer.ok();
  return answer;
}

Status UserWorker::greet(const WorkerSpec& spec, OperatorContext& ctx) {
  started_ = ctx.now();
  MR_TRY(const Json hello, receive(spec, spec.start_timeout));
  const std::string_view type = hello["type"].as_view();
  if (type == "failed_to_start") {
    const Json& error = hello["error"];
    return make_error(
        ErrorCode::program_failed,
        "the worker '" + spec.name() + "' failed to start: " +
            (error.is_object() ? error["message"].as_string("no reason") : error.as_string()));
  }
  if (type != "hello") return protocol_error(spec, "sent '" + std::string(type) + "' before hello");
  const auto& offered = hello["protocol"].items();
  if (std::ranges::find(offered, Json(1)) == offered.end())
    return permanent(protocol_error(
        spec, "speaks the protocol " + hello["protocol"].dump() + "; this engine speaks [1]"));
  for (const auto& function : hello["functions"].items())
    functions_.push_back(function.is_object() ? function["name"].as_string()
                                              : function.as_string());
  Json outputs = Json::array();
  for (const int output : outputs_) outputs.push_back(output);
  greeted_ = true;
  return send(Json::object({{"type", "welcome"},
                            {"protocol", 1},
                            {"isolation", spec.isolation},
                            {"outputs", std::move(outputs)}})
                  .dump());
}

/// A worker that does not read is ended with its attempt, by the engine.
Status UserWorker::send(std::string text) {
  text += '\n';
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t size = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) {  // it has closed its end: what it said last, and how it ended, is read
      unread_ = true;
      return {};
    }
    rest.remove_prefix(static_cast<std::size_t>(size));
  }
  return {};
}

Result<Json> UserWorker::answer_to(std::int64_t id, const WorkerSpec& spec, OperatorContext& ctx) {
  while (true) {
    MR_TRY(Json answer, receive(spec, milliseconds{-1}));
    const std::string type = answer["type"].as_string();
    if (!ends_task(type))
      return protocol_error(spec,
                            "sent a message of the unknown type " + shown_value(answer["type"]));
    const std::int64_t answered = answer["id"].as_int(-1);
    if (answered == id && type == "done" && line_bytes_ > kMaxOutputsBytes)
      return permanent(make_error(
          ErrorCode::resource_exhausted,
          "the outputs have " + std::to_string(line_bytes_) +
              " bytes as JSON; at most 4 MiB fit. Write them to a file of output_files"));
    if (answered == id) {
      note(answer);
      return answer;
    }
    if (answered < 1 || answered > id)
      return protocol_error(spec,
                            "answered task " + answer["id"].dump() + ", which it was not given");
    ctx.log("the worker answered task " + std::to_string(answered) + " again; ignored");
  }
}

void UserWorker::note(const Json& answer) {
  retires_ = answer["retire"].as_bool();
  for (const auto& file : answer["files"].items()) {
    FileStamp stamp = stamp_of(file.as_string());
    if (std::ranges::find(code_, stamp.path, &FileStamp::path) != code_.end()) continue;
    // It was read after the worker began: if it was changed since, it may be an older one.
    if (stamp.changed_ns > to_micros(started_) * 1000 - kFileClockLag_ns) retires_ = true;
    code_.push_back(std::move(stamp));
  }
}

Result<Json> UserWorker::receive(const WorkerSpec& spec, milliseconds limit) {
  std::size_t end = 0;
  while ((end = buffer_.find('\n', searched_)) == std::string::npos) {
    searched_ = buffer_.size();
    if (buffer_.size() >= kMostLineBytes)
      return protocol_error(spec, "sent a line of more than 8 MiB (too_large)");
    MR_TRY(const bool more, read_more(spec, limit));
    if (!more)
      return protocol_error(spec, "sent no hello within " + std::to_string(limit.count()) + " ms");
  }
  const std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  searched_ = 0;
  line_bytes_ = line.size();
  auto message = Json::parse(line, {.max_bytes = kMostLineBytes});
  if (!message)
    return protocol_error(spec, "sent a line that is not valid JSON: " + message.error().message);
  if (!message->is_object())
    return protocol_error(
        spec, "sent " + std::string(type_name(message->type())) + " as a line; expected an object");
  return message;
}

/// False: nothing came in time.
Result<bool> UserWorker::read_more(const WorkerSpec& spec, milliseconds limit) {
  std::array<char, 65536> bytes;
  while (true) {
    std::array<pollfd, 2> seen = {{{socket_.get(), POLLIN, 0}, {process_.get(), POLLIN, 0}}};
    const int ready = ::poll(seen.data(), seen.size(), static_cast<int>(limit.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) return false;
    // What it said before it ended comes first. Its children may hold its end of the socket open.
    const ssize_t size = recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size > 0) {
      buffer_.append(bytes.data(), static_cast<std::size_t>(size));
      return true;
    }
    if (size < 0 && errno == EAGAIN && seen[1].revents == 0) continue;
    // How the kernel says that the other end was closed with something of ours unread in it.
    if (size < 0 && errno == ECONNRESET) unread_ = true;
    return end_of(spec);
  }
}

Error UserWorker::end_of(const WorkerSpec& spec) {
  if (!wait_for_exit(pid_, kToLeave))
    return protocol_error(spec, "closed its connection and went on");
  siginfo_t ended{};
  waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOWAIT);
  kill(-pid_, SIGKILL);  // what it started; its own number is not free before it is reaped
  const int status = reap(pid_);
  reaped_ = true;
  return error_of_end("the worker '" + spec.name(), exit_status_of(status));
}

Result<Json> run_on_worker(const WorkerSpec& spec, const Json& task, OperatorContext& ctx) {
  KeptProcesses* const kept = ctx.kept();
  const std::string key = spec.key();
  std::unique_ptr<UserWorker> worker;
  if (kept != nullptr)
    // Only run_on_worker keeps processes.
    worker.reset(static_cast<UserWorker*>(kept->take(key, ctx.now()).release()));
  if (worker && !worker->is_fit(spec, ctx.now())) worker.reset();
  std::optional<Result<Json>> answer;
  if (worker) {
    answer = worker->exchange(task, spec, ctx);
    // It ended between two tasks.
    if (worker->left_task_unread() && !ctx.cancelled()) worker.reset();
  }
  if (!worker) {
    MR_TRY(worker, UserWorker::start(spec, kept));
    answer = worker->exchange(task, spec, ctx);
  }
  if (answer->ok() && kept != nullptr && spec.isolation != "process" && !worker->retires())
    kept->put(key, std::move(worker), ctx.now());
  return *std::move(answer);
}

}  // namespace millrace::operators
