# cmake -DSDK=<folder> -DOUT=<file.cc> -P embed_sdk.cmake
# Writes the functions of operators/control/sdk_files.h.

set(out "// Written by embed_sdk.cmake from the folder sdk.
#include \"operators/control/sdk_files.h\"

namespace millrace::operators {
")

function(append_file function file)
  file(READ ${SDK}/${file} text)
  string(APPEND out "std::string_view ${function}() {\n  return ")
  string(LENGTH "${text}" length)
  set(begin 0)
  # A literal may not be longer than 64 KiB everywhere.
  while(begin LESS length)
    string(SUBSTRING "${text}" ${begin} 12000 part)
    string(APPEND out "R\"sdk(${part})sdk\"\n")
    math(EXPR begin "${begin} + 12000")
  endwhile()
  string(APPEND out ";\n}\n")
  set(out "${out}" PARENT_SCOPE)
endfunction()

append_file(python_sdk millrace_worker.py)
append_file(node_sdk millrace_worker.mjs)
string(APPEND out "}  // namespace millrace::operators
")
file(WRITE ${OUT} "${out}")
