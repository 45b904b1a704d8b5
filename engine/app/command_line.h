// The command line: the options of every verb, the verbs of verbs.h, and exit codes (docs/cli.md).
#pragma once

namespace millrace {

/// Reads the words, does what they name, prints an error to stderr. Returns the exit code.
int command_line(int argc, char** argv);

}  // namespace millrace
