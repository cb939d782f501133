// The terminal that this process writes to.
#pragma once

namespace switchyard {

bool stderr_is_terminal();  // mpirun's, for a rank that it started
bool stdout_is_terminal();
int terminal_width();  // of stdout; unlimited without a terminal
bool no_color();       // NO_COLOR is set (no-color.org)

}  // namespace switchyard
