// What the bars of training and of a job's stages share.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace switchyard {

// How often a bar is drawn on a terminal, and how often a line is written where there is none.
constexpr std::chrono::milliseconds redraw_interval{200}, line_interval{10'000};

// "=====>              ": 20 columns.
std::string progress_bar(std::int64_t done, std::int64_t total);

}  // namespace switchyard
