// The projects that `millrace init` creates. The build puts their files into the program
// (embed_templates.cmake).
#pragma once

#include <span>
#include <string_view>

namespace millrace {

struct TemplateFile {
  std::string_view path;  // in the project
  std::string_view text;
};

struct ProjectTemplate {
  std::string_view name;
  std::string_view dag_file;  // to run first
  std::span<const TemplateFile> files;
};

std::span<const ProjectTemplate> project_templates();

}  // namespace millrace
