#include "engine/http/open_metrics.h"

#include <algorithm>
#include <charconv>

namespace millrace::http {
namespace {

constexpr std::string_view kOpenMetrics = "application/openmetrics-text";

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Cuts the part before `mark` off the front.
std::string_view cut(std::string_view& rest, char mark) {
  const auto at = rest.find(mark);
  const std::string_view part = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return part;
}

/// The q of the parameters of one media range, RFC 9110, section 12.4.2.
double quality_of(std::string_view parameters) {
  double q = 1;
  while (!parameters.empty()) {
    std::string_view parameter = without_blanks(cut(parameters, ';'));
    if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) continue;
    parameter.remove_prefix(2);
    if (std::from_chars(parameter.data(), parameter.data() + parameter.size(), q).ec != std::errc())
      q = 0;
  }
  return q;
}

/// le="1" as le="1.0".
std::string with_float_bound(std::string_view line) {
  constexpr std::string_view kBound = "le=\"";
  const auto at = line.find(kBound);
  const auto name_end = line.find('{');
  if (at == std::string_view::npos || name_end == std::string_view::npos ||
      !line.substr(0, name_end).ends_with("_bucket"))
    return std::string(line);
  const auto end = line.find('"', at + kBound.size());
  if (end == std::string_view::npos ||
      line.substr(0, end).find_first_not_of("-0123456789", at + kBound.size()) !=
          std::string_view::npos)
    return std::string(line);
  return std::string(line.substr(0, end)) + ".0" + std::string(line.substr(end));
}

}  // namespace

bool prefers_open_metrics(std::string_view accept) {
  double open = 0, plain = 0;
  while (!accept.empty()) {
    std::string_view range = cut(accept, ',');
    std::string type(without_blanks(cut(range, ';')));
    std::ranges::transform(type, type.begin(), [](unsigned char c) {
      return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    });
    if (type == kOpenMetrics) open = std::max(open, quality_of(range));
    if (type == "text/plain" || type == "text/*") plain = std::max(plain, quality_of(range));
  }
  return open > 0 && open >= plain;
}

std::string open_metrics_of(std::string_view text) {
  constexpr std::string_view kHelp = "# HELP ", kType = "# TYPE ", kTotal = "_total";
  std::string out, help;
  while (!text.empty()) {
    std::string_view line = cut(text, '\n');
    if (line.starts_with(kHelp)) {
      line.remove_prefix(kHelp.size());
      cut(line, ' ');
      help = line;
    } else if (line.starts_with(kType)) {
      line.remove_prefix(kType.size());
      std::string_view name = cut(line, ' ');
      const bool total = name.ends_with(kTotal);
      const bool known = line != "untyped" && (line != "counter" || total);
      if (line == "counter" && total) name.remove_suffix(kTotal.size());
      out.append(kType).append(name).append(" ").append(known ? line : "unknown").append("\n");
      if (!help.empty()) out.append(kHelp).append(name).append(" ").append(help).append("\n");
      help.clear();
    } else if (!line.empty()) {
      out.append(with_float_bound(line)).append("\n");
    }
  }
  return out + "# EOF\n";
}

HttpResponse metrics_response(const HttpRequest& request, std::string text) {
  const bool open = prefers_open_metrics(request.header("accept"));
  HttpResponse response;
  response.content_type = open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                               : "text/plain; version=0.0.4; charset=utf-8";
  response.headers = {{"Vary", "Accept"}};
  response.body = open ? open_metrics_of(text) : std::move(text);
  return response;
}

}  // namespace millrace::http
