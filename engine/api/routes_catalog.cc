// What there is to write DAGs with: operators, the schema, lint. And the bytes of artifacts.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "engine/api/bodies.h"
#include "engine/api/context.h"
#include "engine/api/views_model.h"
#include "engine/api/views_run.h"
#include "engine/base/digest.h"
#include "engine/http/check_request.h"

namespace millrace::api {
namespace {

constexpr std::size_t kBlockBytes = 256u << 10;

Result<Reply> list_operators(Context& context, const Call&) {
  std::vector<OperatorView> views;
  for (const auto& name : context.catalog.names())
    views.push_back(operator_view(*context.catalog.find(name)));
  return reply_of(views);
}

Result<Reply> get_dag_schema(Context& context, const Call&) {
  if (!context.hooks.dag_schema)
    return make_error(ErrorCode::unsupported, "this process has no DAG schema");
  Reply reply = json_reply(context.hooks.dag_schema());
  reply.headers.emplace_back("Cache-Control", "public, max-age=300");
  return reply;
}

Result<Reply> lint(Context& context, const Call& call) {
  if (!context.hooks.lint)
    return make_error(ErrorCode::unsupported, "this process does not read DAG files");
  const auto& request = call.request();
  if (media_type(request.header("content-type")) == "application/yaml")
    return json_reply(context.hooks.lint(request.body, "dag.yaml"));
  MR_TRY(const Json body, Json::parse(request.body, {.unique_names = true}));
  if (auto wrong = http::check_body(body_fields<LintBody>(), body); !wrong.empty()) {
    Reply reply;
    reply.problem = Problem::invalid(std::move(wrong));
    return reply;
  }
  MR_TRY(const auto given, read_record<LintBody>(body));
  return json_reply(context.hooks.lint(given.text, given.file));
}

/// Closes on its end.
class OpenFile {
 public:
  explicit OpenFile(int descriptor) : descriptor_(descriptor) {}
  ~OpenFile() { ::close(descriptor_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

/// The next block of a file, and whether it was the last.
http::Piece next_block(const OpenFile& file, std::int64_t& left) {
  http::Piece piece;
  const auto wanted = std::min<std::int64_t>(left, kBlockBytes);
  piece.text.resize(static_cast<std::size_t>(wanted));
  const auto got = ::read(file.get(), piece.text.data(), piece.text.size());
  piece.text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  left -= static_cast<std::int64_t>(piece.text.size());
  piece.end = left <= 0 || got <= 0;
  return piece;
}

Result<Reply> get_artifact(Context& context, const Call& call) {
  const std::string digest = call.path("digest");
  if (!is_sha256_hex(digest)) return invalid_argument("{digest}: must be 64 lower-case hex digits");
  MR_TRY(const auto row, context.stores.registry.artifact(digest));
  return reply_of(row);
}

Result<Reply> get_artifact_content(Context& context, const Call& call) {
  const std::string digest = call.path("digest");
  if (!is_sha256_hex(digest)) return invalid_argument("{digest}: must be 64 lower-case hex digits");
  if (!context.hooks.artifact_path)
    return make_error(ErrorCode::unsupported, "this process has no artifact store");
  MR_TRY(const auto row, context.stores.registry.artifact(digest));  // only what was published
  MR_TRY(const auto path, context.hooks.artifact_path(digest));
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) return not_found("the bytes of artifact " + digest + " are not here");
  const auto file = std::make_shared<OpenFile>(descriptor);
  struct stat info {};
  if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode))
    return internal_error("artifact " + digest + " is no file");
  if (info.st_size > context.config.max_artifact_bytes)
    return make_error(ErrorCode::resource_exhausted,
                      "the artifact has " + std::to_string(info.st_size) + " bytes; at most " +
                          std::to_string(context.config.max_artifact_bytes) + " are sent");
  Reply reply;
  HttpResponse response;
  response.content_type = row.kind == "report" ? "application/json" : "application/octet-stream";
  response.headers = {
      {"Content-Disposition", "attachment; filename=\"" + digest.substr(0, 16) + "\""},
      {"ETag", "\"" + digest + "\""},
      {"Cache-Control", "private, max-age=31536000, immutable"}};
  response.stream = std::make_shared<http::BodyStream>();
  response.stream->next = [file, left = std::int64_t{info.st_size}]() mutable {
    return next_block(*file, left);
  };
  reply.raw = std::move(response);
  return reply;
}

FieldInfo digest_in_path() { return {"digest", string_type(64), "SHA-256 of its content"}; }

}  // namespace

std::vector<Endpoint> catalog_endpoints(Context* context) {
  const auto bind = [context](Result<Reply> (*handle)(Context&, const Call&)) {
    return [context, handle](const Call& call) { return handle(*context, call); };
  };
  std::vector<Endpoint> list;
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/operators",
                  .id = "listOperators",
                  .tag = "authoring",
                  .summary = "What a task can be carried out by",
                  .response = type_info<std::vector<OperatorView>>(),
                  .handle = bind(list_operators)});
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/dag-schema.json",
                  .id = "getDagSchema",
                  .tag = "authoring",
                  .summary = "JSON Schema of DAG files, for editors",
                  .response = object_type(),
                  .handle = bind(get_dag_schema)});
  list.push_back(
      {.method = "POST",
       .pattern = "/api/v1/lint",
       .id = "lint",
       .tag = "authoring",
       .summary = "Judge a DAG file's text",
       .doc = "The body is the text itself as application/yaml, or JSON. Changes nothing.",
       .body_kind = Endpoint::Body::raw,
       .body = body_fields<LintBody>(),
       .body_types = {"application/json", "application/yaml"},
       .response = type_info<LintView>(),
       .handle = bind(lint)});
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/artifacts/{digest}",
                  .id = "getArtifact",
                  .tag = "artifacts",
                  .summary = "What is known of an artifact",
                  .path = {digest_in_path()},
                  .response = type_info<ArtifactRow>(),
                  .handle = bind(get_artifact)});
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/artifacts/{digest}/content",
                  .id = "getArtifactContent",
                  .tag = "artifacts",
                  .summary = "Its bytes",
                  .path = {digest_in_path()},
                  .response_type = "application/octet-stream",
                  .handle = bind(get_artifact_content)});
  return list;
}

}  // namespace millrace::api
