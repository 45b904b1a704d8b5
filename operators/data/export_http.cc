#include "operators/data/export_http.h"

#include <cstdlib>

#include "engine/base/counted.h"
#include "engine/base/file.h"
#include "engine/base/trace_context.h"
#include "engine/http/client.h"
#include "operators/data/export_rows.h"

namespace millrace {
namespace {

Result<std::string> from_environment(const std::string& variable) {
  const char* value = std::getenv(variable.c_str());
  if (value == nullptr || *value == '\0')
    return invalid_argument("the environment variable '" + variable + "' is not set");
  return std::string(value);
}

std::string_view content_type(std::string_view format) {
  if (format == "csv") return "text/csv; charset=utf-8";
  if (format == "parquet") return "application/vnd.apache.parquet";
  return "application/x-ndjson";
}

Result<http::ClientRequest> request_of(const ExportHttp& op, const AttemptInfo& attempt) {
  http::ClientRequest request;
  request.method = op.method;
  request.url = op.url;
  if (!op.url_env.empty()) {
    MR_TRY(request.url, from_environment(op.url_env));
    request.secret_url = true;
  }
  request.timeout = op.timeout;
  request.max_bytes = 1 << 20;
  request.headers = {{"Content-Type", std::string(content_type(op.format))},
                     {"Idempotency-Key", attempt.idempotency_key()}};
  if (op.compression == "gzip") request.set_header("Content-Encoding", "gzip");
  for (const auto& [header, value] : op.headers.members())
    if (!value.is_null()) request.set_header(header, value.as_view());
  for (const auto& [header, variable] : op.headers_env.members()) {
    MR_TRY(const std::string value, from_environment(variable.as_string()));
    request.set_header(header, value);
  }
  request.traceparent = CallSpans(attempt.trace_id, attempt.name());
  return request;
}

}  // namespace

Result<Outcome> ExportHttp::run(OperatorContext& ctx) const {
  if (format == "parquet" && compression != "none")
    return invalid_argument("Parquet is compressed within the file (zstd); leave out compression");
  MR_TRY(http::ClientRequest request, request_of(*this, ctx.attempt()));
  MR_TRY(ExportTable table, open_export(ctx, input, columns, ctx.work_dir()));
  const auto file = ctx.work_dir() / "body";
  RowFormat how;
  how.format = format;
  how.compression = compression;
  MR_CHECK(write_rows(table, how, file, {}));
  auto body = read_file(file, static_cast<std::size_t>(max_bytes));
  if (!body)
    return make_error(ErrorCode::resource_exhausted,
                      "the body of " + counted(table.rows, "row") +
                          " has more than max_bytes = " + std::to_string(max_bytes) + " bytes");
  request.body = *std::move(body);
  const auto cancelled = [&] { return ctx.cancelled(); };
  const http::RetryRule rule{static_cast<int>(retries) + 1, retry_initial, retry_max};
  const http::RetryWorld world{
      [&] { return ctx.now(); },
      [&](Duration pause) { return http::wait_unless_cancelled(pause, cancelled); },
      [&](std::string_view line) { ctx.log(line); }, cancelled};
  MR_TRY(const auto response, http::send_with_retry(request, rule, world));
  ctx.log("sent " + counted(table.rows, "row") + " to " + response.url + ": status " +
          std::to_string(response.status));
  return Outcome{
      Done{Json::object(
               {{"status", response.status}, {"rows", table.rows}, {"bytes", request.body.size()}}),
           {}}};
}

}  // namespace millrace
