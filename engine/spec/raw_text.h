// What a text tells without being parsed, so that a broken file is still known for what it is.
// Internal to this module.
#pragma once

#include <string>
#include <string_view>

#include "engine/spec/resource.h"

namespace millrace::spec {

/// The kind of the first key that names one, otherwise the kind of the first mark; nullptr: none.
const ResourceKind* kind_of_text(std::string_view text, const ResourceKinds& kinds);
/// True: it names no kind, but its first key is nearly one, or it has a key that all kinds have
/// ('namespace', 'owner').
bool seems_a_resource(std::string_view text, const ResourceKinds& kinds);
/// The value of a top-level key, if it is a valid id; otherwise "".
std::string id_in_text(std::string_view text, std::string_view key);
/// The number of the first line that begins with `key`; 1 if there is none.
int line_of_key(std::string_view text, std::string_view key);
/// True if no line holds anything but comments and document marks, or the bytes are no text.
bool is_empty_or_binary(std::string_view text);

}  // namespace millrace::spec
