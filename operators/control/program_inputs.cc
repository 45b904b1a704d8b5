#include "operators/control/program_inputs.h"

#include <algorithm>
#include <fstream>
#include <string_view>
#include <utility>

#include "engine/base/digest.h"
#include "engine/base/suggest.h"
#include "engine/op/param.h"
#include "operators/control/private_copy.h"
#include "operators/control/quoted_text.h"
#include "operators/data/export_rows.h"
#include "operators/data/input_names.h"

namespace millrace::operators {
namespace {

namespace fs = std::filesystem;

/// The forms that one member of a parameter may have.
struct Forms {
  std::vector<std::string> keys;
  std::string_view examples;
};
const Forms kTableForms{{"from", "format"},
                        "${{ tasks.x.outputs.table }}, or {from: …, format: csv}"};
const Forms kFileForms{{"from", "as"}, "${{ tasks.x.outputs.model }}, or {from: …, as: model.pkl}"};
const std::vector<std::string> kTableFormats = {"parquet", "csv", "jsonl"};

std::optional<std::string> check_digest(const Json& value, const Forms& forms) {
  if (value.is_string() && (has_expression(value) || is_sha256_hex(value.as_view())))
    return std::nullopt;
  if (value.is_null())
    return "it is empty; expected the digest of an artifact, such as " +
           std::string(forms.examples);
  return shown_value(value) + " is not the digest of an artifact; write " +
         std::string(forms.examples);
}

std::optional<std::string> check_format(const Json& format) {
  if (format.is_null() || has_expression(format)) return std::nullopt;
  if (std::ranges::find(kTableFormats, format.as_view()) != kTableFormats.end())
    return std::nullopt;
  return "format: " + shown_value(format) + " is not one of " + listed_names(kTableFormats) +
         did_you_mean(format.as_view(), kTableFormats);
}

std::optional<std::string> check_file_name(const Json& name) {
  if (name.is_null() || has_expression(name)) return std::nullopt;
  const std::string_view text = name.as_view();
  const bool plain = !text.empty() && text != "." && text != ".." && text.size() <= 200 &&
                     text.find('/') == std::string_view::npos &&
                     text.find('\0') == std::string_view::npos;
  if (plain) return std::nullopt;
  return "as: " + shown_value(name) +
         " is not the name of a file; write one without a folder, such as model.pkl";
}

std::optional<std::string> check_member(const Json& value, const Forms& forms) {
  if (!value.is_object()) return check_digest(value, forms);
  for (const auto& [key, ignored] : value.members())
    if (std::ranges::find(forms.keys, key) == forms.keys.end())
      return "there is no " + quoted_text(key) + " here" + did_you_mean(key, forms.keys) +
             "; write " + std::string(forms.examples);
  if (auto problem = check_digest(value["from"], forms)) return "from: " + *problem;
  if (auto problem = check_format(value["format"])) return problem;
  return check_file_name(value["as"]);
}

std::optional<std::string> check_members(const Json& mapping, const Forms& forms) {
  if (const Status names = check_input_names("", mapping); !names) return names.error().message;
  for (const auto& [name, value] : mapping.members())
    if (auto problem = check_member(value, forms)) return quoted_text(name) + ": " + *problem;
  return std::nullopt;
}

Error of_input(std::string_view name, Error error) {
  error.message = "input " + quoted_text(name) + ": " + error.message;
  return error;
}

bool is_parquet(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  char magic[4] = {};
  return in.read(magic, sizeof magic) && std::string_view(magic, sizeof magic) == "PAR1";
}

Status place_table(OperatorContext& ctx, const ProgramInput& input) {
  MR_TRY(const StoredArtifact stored, ctx.artifacts().get(input.digest));
  if (!is_parquet(stored.path))
    return data_invalid("artifact " + input.digest +
                        " is not a table (Parquet); give it under `files`");
  if (input.format == "parquet") return copy_privately(stored.path, input.path, ctx);
  MR_TRY(ExportTable table, open_export(ctx, input.digest, {}, input.path.parent_path()));
  RowFormat format;
  format.format = input.format;
  MR_CHECK(write_rows(table, format, input.path, {}));
  std::error_code problem;
  fs::permissions(input.path, fs::perms::owner_read, problem);
  return problem ? unavailable("cannot protect '" + input.path.string() + "': " + problem.message())
                 : Status();
}

Status place_file(OperatorContext& ctx, const ProgramInput& input) {
  MR_TRY(const StoredArtifact stored, ctx.artifacts().get(input.digest));
  std::error_code problem;
  fs::create_directories(input.path.parent_path(), problem);
  if (problem) return unavailable("cannot make its folder: " + problem.message());
  return copy_privately(stored.path, input.path, ctx);
}

/// From the forms that check_members has accepted.
ProgramInput table_input(const std::string& name, const Json& value, const fs::path& folder) {
  const std::string format =
      value["format"].is_string() ? value["format"].as_string() : std::string("parquet");
  const std::string digest = value.is_object() ? value["from"].as_string() : value.as_string();
  return {name, folder / (name + "." + format), "table", format, digest};
}

ProgramInput file_input(const std::string& name, const Json& value, const fs::path& folder) {
  if (!value.is_object()) return {name, folder / name, "file", "", value.as_string()};
  const fs::path path =
      value["as"].is_string() ? folder / name / value["as"].as_string() : folder / name;
  return {name, path, "file", "", value["from"].as_string()};
}

Status check_all(const Json& tables, const Json& files) {
  std::vector<std::string> taken;
  MR_CHECK(check_input_names("tables", tables, taken));
  MR_CHECK(check_input_names("files", files, taken));
  if (auto problem = check_tables(tables)) return invalid_argument("tables: " + *problem);
  if (auto problem = check_files(files)) return invalid_argument("files: " + *problem);
  return {};
}

}  // namespace

std::optional<std::string> check_tables(const Json& tables) {
  return check_members(tables, kTableForms);
}

std::optional<std::string> check_files(const Json& files) {
  return check_members(files, kFileForms);
}

Result<std::vector<ProgramInput>> place_inputs(OperatorContext& ctx, const Json& tables,
                                               const Json& files, const fs::path& folder) {
  std::vector<ProgramInput> out;
  if (tables.size() + files.size() == 0) return out;
  MR_CHECK(check_all(tables, files));
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (problem) return unavailable("cannot make '" + folder.string() + "': " + problem.message());
  for (const auto& [name, value] : tables.members()) {
    out.push_back(table_input(name, value, folder));
    if (Status placed = place_table(ctx, out.back()); !placed)
      return of_input(name, placed.error());
  }
  for (const auto& [name, value] : files.members()) {
    out.push_back(file_input(name, value, folder));
    if (Status placed = place_file(ctx, out.back()); !placed) return of_input(name, placed.error());
  }
  return out;
}

}  // namespace millrace::operators
