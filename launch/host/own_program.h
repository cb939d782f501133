// This program: its binary, its restart with better settings, and its site file.
#pragma once

#include <filesystem>
#include <optional>

namespace switchyard {

std::filesystem::path own_program();  // the binary that runs

// OpenMP's threads spin for milliseconds at the end of every loop by default. Where threads share a
// core, that is a hundred times slower than the work itself. OpenMP reads its settings when the
// program is loaded, so the program starts itself again with better ones, once. Leaves settings of
// the user's alone.
void restart_with_patient_threads(char** argv);

// $SWITCHYARD_SITE, else ~/.config/switchyard/site.toml if it exists. A variable that names no
// file is Exit::usage when the file is read.
std::optional<std::filesystem::path> site_file();

}  // namespace switchyard
