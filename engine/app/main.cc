#include "engine/app/command_line.h"
#include "engine/app/terminal.h"
#include "engine/base/memory.h"

int main(int argc, char** argv) {
  millrace::share_free_memory();
  millrace::block_signals();
  return millrace::command_line(argc, argv);
}
