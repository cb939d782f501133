// Amounts as people read them. Sizes in bytes are in powers of 1024 instead
// (io/text/byte_size.h).
#pragma once

#include <string>
#include <string_view>

namespace switchyard {

// Three digits with an SI prefix: (9.21e10, "FLOP/s") is "92.1 GFLOP/s", (53'400) is "53.4 k".
std::string amount_in_words(double amount, std::string_view unit = "");

// "12s", "3m43s", "1h02m", "3d04h".
std::string duration_in_words(double seconds);

}  // namespace switchyard
