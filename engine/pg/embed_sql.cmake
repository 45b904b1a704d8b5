# cmake -DSQL=<folder> -DOUT=<file.cc> -P embed_sql.cmake
# Writes all_queries() and all_migrations() of sql_text.h from the files under the folder.

function(append_raw text_variable sql)
  # A literal may not be longer than 64 KiB everywhere; ours are far shorter.
  set(${text_variable} "R\"sql(${sql})sql\"" PARENT_SCOPE)
endfunction()

set(queries "")
file(GLOB topics ${SQL}/*.sql)
list(SORT topics)
foreach(topic ${topics})
  file(READ ${topic} text)
  string(REPLACE "[" "@BRA@" text "${text}")  # brackets and semicolons mean something to CMake lists
  string(REPLACE "]" "@KET@" text "${text}")
  string(REPLACE ";" "@SEMI@" text "${text}")
  string(REGEX REPLACE "(^|\n)-- name: " ";" blocks "${text}")
  list(REMOVE_AT blocks 0)
  foreach(block IN LISTS blocks)
    string(REGEX MATCH "^[a-z0-9_]+" name "${block}")
    set(row "")
    if(block MATCHES "^[a-z0-9_]+ +row: ([A-Za-z]+)\n")
      set(row ${CMAKE_MATCH_1})
    endif()
    string(REGEX REPLACE "^[a-z0-9_]+[^\n]*\n" "" sql "${block}")
    string(STRIP "${sql}" sql)
    append_raw(literal "${sql}")
    string(APPEND queries "    {\"${name}\", \"${row}\", ${literal}},\n")
  endforeach()
endforeach()

set(migrations "")
file(GLOB files ${SQL}/migrations/*.sql)
list(SORT files)
foreach(migration ${files})
  get_filename_component(stem ${migration} NAME_WE)
  string(REGEX MATCH "^0*([0-9]+)_([a-z0-9_]+)$" found ${stem})
  set(number ${CMAKE_MATCH_1})
  set(name ${CMAKE_MATCH_2})
  if(NOT found)
    message(FATAL_ERROR "${migration}: a migration is called NNNN_name.sql")
  endif()
  file(READ ${migration} sql)
  # Of the first, nothing older can be meant.
  string(REGEX MATCH "^-- works with: ([0-9]+)\n" found "${sql}")
  set(works_with ${CMAKE_MATCH_1})
  if(number EQUAL 1)
    set(works_with 1)
  elseif(NOT found)
    message(FATAL_ERROR "${migration}: begins with '-- works with: <oldest schema version that still works>'")
  endif()
  string(REPLACE "[" "@BRA@" sql "${sql}")
  string(REPLACE "]" "@KET@" sql "${sql}")
  string(REPLACE ";" "@SEMI@" sql "${sql}")
  append_raw(literal "${sql}")
  string(APPEND migrations "    {${number}, \"${name}\", ${works_with}, ${literal}},\n")
endforeach()

set(out "// Written by embed_sql.cmake from engine/pg/sql.
#include \"engine/pg/sql_text.h\"

namespace millrace::pg {
namespace {
constexpr Query kQueries[] = {
${queries}}@SEMI@
constexpr Migration kMigrations[] = {
${migrations}}@SEMI@
}  // namespace
std::span<const Query> all_queries() { return kQueries@SEMI@ }
std::span<const Migration> all_migrations() { return kMigrations@SEMI@ }
}  // namespace millrace::pg
")
string(REPLACE "@BRA@" "[" out "${out}")
string(REPLACE "@KET@" "]" out "${out}")
string(REPLACE "@SEMI@" ";" out "${out}")
file(WRITE ${OUT} "${out}")
