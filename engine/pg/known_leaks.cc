// libpqxx 6.4 asks for the client's encoding before it takes a result in its keeping, and throws if
// the connection is gone: the result, two kilobytes, is lost with it. LeakSanitizer asks this
// function what it need not tell; no other build knows it.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:PQmakeEmptyPGresult\n"; }
// Without the table of what was suppressed, which would be part of a program's output.
extern "C" const char* __lsan_default_options();
extern "C" const char* __lsan_default_options() { return "print_suppressions=0"; }
