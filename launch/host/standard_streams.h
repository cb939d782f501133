// The streams that the program was started with, whatever their other ends are.
#pragma once

#include <string_view>

namespace switchyard {

// A program may be started with some of its streams closed. The next file that is opened would get
// the number of one, and what is meant for the stream would go into it: here they become /dev/null.
void open_missing_streams();

// To stderr. That nobody can read it is no reason to end.
void say(std::string_view text);

// What was printed on stdout has got there. Errors: Exit::storage.
void check_results_written();

}  // namespace switchyard
