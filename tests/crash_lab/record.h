// One recorded operation, and its bytes on the disk.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/crash_lab/lab.h"

namespace switchyard::crash_lab {

struct Record {
  std::int64_t number = 0;  // in the order in which all processes did them
  Operation operation = Operation::write;
  std::string path, to;
  std::int64_t offset = 0;
  std::string bytes;
};

std::string encoded(const Record& record);
// Of all ranks, in order.
std::vector<Record> read_recording(const std::string& folder);
// How many operations on checkpoints the busiest rank did: faults count these.
std::int64_t max_operations(const std::string& folder);

}  // namespace switchyard::crash_lab
